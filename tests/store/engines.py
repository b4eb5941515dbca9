"""The engines that the contract is tried on: a line each."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from llmsim.store.base import Store
from llmsim.store.mmap_store import MmapStore

MAX_SESSIONS = 100

_numbers = itertools.count()


def _mmap(request: pytest.FixtureRequest) -> Store:
    directory: Path = request.getfixturevalue("tmp_path")
    return MmapStore.create_in(directory, max_sessions=MAX_SESSIONS)


def _redis(request: pytest.FixtureRequest) -> Store:
    made: Store = request.getfixturevalue("redis_server").store(f"test-{next(_numbers)}")
    return made


ENGINES: dict[str, Callable[[pytest.FixtureRequest], Store]] = {"mmap": _mmap, "redis": _redis}
