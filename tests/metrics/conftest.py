"""Each test counts for itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from llmsim.metrics import host


@pytest.fixture(autouse=True)
def counted_anew() -> Iterator[None]:
    host.count_in(None, begins=True)
    yield
    host.count_in(None, begins=True)
