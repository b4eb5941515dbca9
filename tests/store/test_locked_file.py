"""A lock that is a file keeps threads and processes apart, also over its own deletion."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from filelock import lock_descriptor

from llmsim.errors import StoreBusyError
from llmsim.store import locked_file as module
from llmsim.store.locked_file import locked_file


def test_who_comes_second_waits_and_in_the_end_is_told(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with locked_file(path, 1), pytest.raises(StoreBusyError), locked_file(path, 0):
        pass
    with locked_file(path, 0):
        pass


def test_a_lock_that_is_deleted_by_its_holder_is_none_for_who_waited(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    inside: list[str] = []

    def enter(name: str) -> None:
        with locked_file(str(path), 60):
            inside.append(f"+{name}")
            time.sleep(0.002)
            inside.append(f"-{name}")
            path.unlink()

    threads = [threading.Thread(target=enter, args=(str(number),)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(inside) == 40
    assert all(inside[at][1:] == inside[at + 1][1:] for at in range(0, 40, 2))


def test_a_lock_that_is_deleted_before_it_is_held_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "lock"
    seen = list[int]()

    def late(descriptor: int, *, blocking: bool) -> bool:
        if not seen:  # in between somebody has deleted it, and another one made it anew
            path.rename(tmp_path / "deleted")
            path.touch()
        seen.append(descriptor)
        return lock_descriptor(descriptor, blocking=blocking)

    monkeypatch.setattr(module, "lock_descriptor", late)
    with locked_file(str(path), 60), pytest.raises(StoreBusyError), locked_file(str(path), 0):
        pass
    assert len(seen) >= 3
