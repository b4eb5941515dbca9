"""The lock around the cursor is filelock's own.

A `FileLock` on the same file and the store's claims exclude each other.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from llmsim.store.base import DEFAULT_SESSION, Claim
from llmsim.store.mmap_store import MmapStore
from tests.stress.forks import at_work

HOLDER = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path) -> MmapStore:
    store = MmapStore.create_in(tmp_path, max_sessions=10)
    store.publish(b"{}")
    return store


@contextmanager
def held_by_another_process(path: Path) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            process.stdin.close()


def test_a_claim_waits_while_another_process_holds_a_file_lock_on_the_cursor(
    tmp_path: Path, store: MmapStore
) -> None:
    claims: list[Claim] = [store.claim(DEFAULT_SESSION)]
    claiming = threading.Thread(
        target=lambda: claims.append(store.claim(DEFAULT_SESSION)), daemon=True
    )
    with held_by_another_process(tmp_path / "cursors"):
        claiming.start()
        claiming.join(0.3)
        assert claiming.is_alive(), "the claim did not wait"
    claiming.join(5)
    assert [claim.position for claim in claims] == [0, 1]


def test_no_claim_goes_through_while_a_file_lock_is_held(tmp_path: Path, store: MmapStore) -> None:
    def work(go_on: Callable[[], bool]) -> None:
        while go_on():
            store.claim(DEFAULT_SESSION)

    path = tmp_path / "cursors"
    with at_work(work, work):
        for _ in range(5):
            with FileLock(path, poll_interval=0.0001, timeout=20):
                before = path.read_bytes()
                time.sleep(0.02)
                assert path.read_bytes() == before
    assert store.claim(DEFAULT_SESSION).position > 0
