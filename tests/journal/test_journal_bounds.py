"""The journal's limits: its size, the disk's, and that neither ever fails an answer."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim import Script
from llmsim.app import create_app
from llmsim.serving import shared
from llmsim.serving.shared import open_playback
from llmsim.settings import Settings
from llmsim.store.journal_files import JournalFiles
from tests.conftest import MakeClient
from tests.journal.asking import ask, entries, journal
from tests.running import numbered, text


def client_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> FlaskClient:
    """A client whose store has the limits of the settings."""
    chosen = Settings(max_sessions=10, **settings)
    playback = open_playback(chosen, tmp_path, alone=True)
    playback.publish(Script.from_spec({"turns": numbered(3), "on_exhausted": "loop"}))
    monkeypatch.setattr(shared, "_shared", playback)
    return create_app(chosen).test_client()


def size_of_journals(tmp_path: Path) -> int:
    return sum(path.stat().st_size for path in tmp_path.glob("journal-*"))


PAD = "x" * 50_000


def test_what_finds_no_room_is_dropped_and_counted_and_answered_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with(tmp_path, monkeypatch, journal_max_mb=1)
    answers = [
        ask(client, session, stream=at % 2 == 0, pad=PAD) for at, session in enumerate("ababab" * 5)
    ]
    assert [int(answer.headers["X-LLMSim-Position"]) for answer in answers] == [
        at // 2 for at in range(30)
    ]
    kept = {session: entries(client, session) for session in "ab"}
    dropped = journal(client)["dropped"]
    assert len(kept["a"]) + len(kept["b"]) + dropped == 30
    assert dropped >= 9
    assert 2**20 - 60_000 < size_of_journals(tmp_path) <= 2**20
    assert [entry["position"] for entry in kept["a"]] == list(range(len(kept["a"])))
    assert ask(client, "c").status_code == 200


def test_a_smaller_entry_still_finds_the_room_that_a_larger_one_did_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with(tmp_path, monkeypatch, journal_max_mb=1)
    ask(client)
    while not journal(client)["dropped"]:
        ask(client, pad=PAD)
    before = len(entries(client))
    ask(client)
    assert len(entries(client)) == before + 1
    assert journal(client)["dropped"] == 1


@pytest.mark.parametrize("way", ["reset", "delete", "script"])
def test_a_journal_that_is_cleared_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    client = client_with(tmp_path, monkeypatch, journal_max_mb=1)
    for _ in range(30):
        ask(client, "a", pad=PAD)
    ask(client, "b", pad=PAD)
    assert entries(client, "b") == []
    if way == "reset":
        client.post("/llmsim/sessions/a/reset")
    elif way == "delete":
        client.delete("/llmsim/sessions/a")
    else:
        client.put("/llmsim/sessions/a/script", json={"turns": [text("own")]})
    assert size_of_journals(tmp_path) == 0
    for _ in range(15):
        ask(client, "b", pad=PAD)
    assert len(entries(client, "b")) == 15


def test_with_no_room_at_all_nothing_is_kept_and_all_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with(tmp_path, monkeypatch, journal_max_mb=0)
    assert [ask(client).status_code for _ in range(3)] == [200] * 3
    assert journal(client) == {
        "entries": [],
        "stale": [],
        "next": 0,
        "timed_out": False,
        "dropped": 3,
    }


def test_a_restart_goes_on_with_the_journals_and_with_their_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with(tmp_path, monkeypatch, journal_max_mb=1)
    for _ in range(15):
        ask(client, pad=PAD)
    kept = entries(client)
    assert len(kept) == 15
    client = client_with(tmp_path, monkeypatch, journal_max_mb=1)
    assert entries(client) == kept
    for _ in range(15):
        ask(client, pad=PAD)
    assert [entry["position"] for entry in entries(client)] == list(range(len(entries(client))))
    assert size_of_journals(tmp_path) <= 2**20
    assert journal(client)["dropped"] > 0


class FullDisk:
    """A file on a disk that has room for so many bytes more."""

    room = 0

    def __init__(self, file: Any) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: bytes) -> int:
        if not FullDisk.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written: int = self._file.write(data[: FullDisk.room])
        FullDisk.room -= written
        return written


def full_disk(file: Any, inode: int) -> tuple[FullDisk, int]:
    return FullDisk(file), inode


@pytest.mark.parametrize("room", [0, 1, 100, 400])
def test_a_full_disk_fails_no_answer_and_is_counted(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    client = make_client(*numbered(3), on_exhausted="loop")
    ask(client)
    opened = JournalFiles._opened
    with monkeypatch.context() as patch:
        patch.setattr(FullDisk, "room", room)
        patch.setattr(
            JournalFiles, "_opened", lambda self, session: full_disk(*opened(self, session))
        )
        for at in range(1, 5):
            answer = ask(client, stream=at % 2 == 0)
            assert (answer.status_code, answer.headers["X-LLMSim-Position"]) == (200, str(at))
            assert str(at % 3).encode() in answer.data
        assert ask(client, "new").status_code == 200
        assert journal(client)["dropped"] == 5
        assert [entry["position"] for entry in entries(client)] == [0]
    assert ask(client).headers["X-LLMSim-Position"] == "5"
    page = journal(client)
    assert [entry["position"] for entry in page["entries"]] == [0, 5]
    assert (page["stale"], page["dropped"]) == ([], 5)


def test_a_journal_that_cannot_be_opened_fails_no_answer_and_is_counted(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(text("a"))
    ask(client)

    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(JournalFiles, "_opened", refuse)
        assert ask(client).status_code == 200
    assert journal(client)["dropped"] == 1
    assert [entry["position"] for entry in entries(client)] == [0]


def test_what_was_dropped_for_a_full_disk_takes_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with(tmp_path, monkeypatch, journal_max_mb=1)
    opened = JournalFiles._opened
    with monkeypatch.context() as patch:
        patch.setattr(
            JournalFiles, "_opened", lambda self, session: full_disk(*opened(self, session))
        )
        for _ in range(30):
            ask(client, pad=PAD)
    for _ in range(15):
        ask(client, pad=PAD)
    assert len(entries(client)) == 15
    assert journal(client)["dropped"] == 30


def test_more_sessions_than_files_are_kept_open_all_have_their_journal(
    make_client: MakeClient,
) -> None:
    client = make_client(text("a"), max_sessions=200)
    for _ in range(2):
        for number in range(150):
            ask(client, f"s{number}")
    assert {
        tuple(entry["position"] for entry in entries(client, f"s{number}")) for number in range(150)
    } == {(0, 1)}


def test_journals_are_readable_by_their_owner_alone(
    make_client: MakeClient, tmp_path: Path
) -> None:
    ask(make_client(text("a")))
    (path,) = tmp_path.glob("journal-*")
    assert path.stat().st_mode & 0o777 == 0o600
