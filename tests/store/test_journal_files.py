"""The files of the journals: few are open at a time, and none is shared with a child."""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path
from typing import Any

import psutil
import pytest

from llmsim.store import journal_files
from llmsim.store.journal_files import JournalFiles
from tests.stress.forks import fork, wait_for


def open_journals(directory: Path) -> int:
    """How many journals of the directory this process has open."""
    found = [Path(file.path) for file in psutil.Process().open_files()]
    return sum(path.parent == directory and path.name.startswith("journal-") for path in found)


def test_of_many_sessions_few_journals_are_open(tmp_path: Path) -> None:
    journals = JournalFiles(tmp_path)
    for number in range(200):
        journals.create(f"s{number}")
        journals.append(f"s{number}", b'\n{"n":0}\n')
    assert open_journals(tmp_path) == 64
    assert len(list(tmp_path.iterdir())) == 200


def test_what_another_process_deletes_is_not_kept_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its room on the disk would not come back for as long as the worker lives."""
    monkeypatch.setattr(journal_files, "_LOOK_SECONDS", 0.0)
    journals, other = JournalFiles(tmp_path), JournalFiles(tmp_path)
    for session in ("a", "b"):
        journals.create(session)
        journals.append(session, b'\n{"n":0}\n')
    other.delete("a")
    journals.append("b", b'\n{"n":1}\n')
    assert [*journals._open] == ["b"]


def test_a_process_forked_in_the_middle_of_a_write_can_write_too_and_moves_no_receipt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals, forks = JournalFiles(tmp_path), iter([True])
    journals.create("a")

    class Forking(FileIO):
        def write(self, data: Any) -> int:
            written = super().write(data)
            if next(forks, False):
                child = fork(lambda: journals.append("a", b'\n{"n":1,"e":1}\n'))
                assert wait_for(child, 10) == 0
            return written

    def opened(path: str, flags: int) -> FileIO:
        return Forking(os.open(path, flags, 0o600), "wb")

    with monkeypatch.context() as patch:
        patch.setattr(journal_files, "open_private", opened)
        receipt = journals.append("a", b'\n{"n":0,"e":1}\n')
    assert receipt is not None
    journals.amend(receipt, b'"e":2}')
    assert journals.page("a", 0, 10, lambda _: True).entries == [b'{"n":0,"e":2}', b'{"n":1,"e":1}']
