"""A store of each engine."""

from __future__ import annotations

import pytest

from llmsim.store.base import Store
from tests.store.engines import ENGINES


@pytest.fixture(params=ENGINES)
def store(request: pytest.FixtureRequest) -> Store:
    return ENGINES[request.param](request)
