"""What a request without a fault looks like, and how a refusal is caught."""

from __future__ import annotations

from typing import Any

import pytest

from llmsim.errors import RequestError
from tests.requests import RENDERERS, request_to

VALID = {api: request_to(api, model="gpt-5") for api in RENDERERS}

ABSENT = object()
"""In a change: the field is left out."""


def changed(api: str, change: dict[str, Any]) -> dict[str, Any]:
    """The valid request of `api` with `change` applied."""
    return {name: value for name, value in {**VALID[api], **change}.items() if value is not ABSENT}


def refusal(api: str, change: dict[str, Any]) -> RequestError:
    """The error that the changed request is refused with."""
    with pytest.raises(RequestError) as caught:
        RENDERERS[api].read(changed(api, change))
    return caught.value
