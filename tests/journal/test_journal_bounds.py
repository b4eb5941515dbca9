"""The journal's limits: its size, the disk's, and that neither ever fails an answer."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim import Script
from llmsim.errors import StoreUnreachableError
from llmsim.playback import Playback
from llmsim.serving import shared
from llmsim.settings import Settings
from llmsim.store.journal_files import JournalFiles
from llmsim.store.mmap_store import MmapStore
from tests.conftest import APPLICATIONS, MakeClient, MakeStore
from tests.journal.asking import ask, entries, is_empty, journal, post
from tests.requests import CHAT, body_for
from tests.running import numbered, text


def client_with(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch, **settings: Any
) -> FlaskClient:
    """A client whose store has the limits of the settings; the second one shares its state."""
    chosen = Settings(max_sessions=10, **settings)
    store = make_store(10, "", chosen.journal_max_mb * 2**20)
    playback = Playback(store)
    playback.publish(Script.from_spec({"turns": numbered(3), "on_exhausted": "loop"}))
    monkeypatch.setattr(shared, "_shared", playback)
    return APPLICATIONS["served"](chosen).test_client()


def size_of_journals(tmp_path: Path) -> int:
    return sum(path.stat().st_size for path in tmp_path.glob("journal-*"))


PAD = "x" * 50_000


def test_when_three_quarters_are_used_entries_go_on_without_bodies(
    make_store: MakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with(make_store, monkeypatch, journal_max_mb=1)
    answers = [
        ask(client, session, stream=at % 2 == 0, pad=PAD) for at, session in enumerate("ab" * 15)
    ]
    assert [int(answer.headers["X-LLMSim-Position"]) for answer in answers] == [
        at // 2 for at in range(30)
    ]
    page = {session: journal(client, session, "limit=1000") for session in "ab"}
    assert {page[session]["dropped"] for session in "ab"} == {0}
    found = [page["ab"[at % 2]]["entries"][at // 2] for at in range(30)]
    whole = [at for at, entry in enumerate(found) if "request_dropped" not in entry]
    assert whole == list(range(len(whole)))
    assert 700_000 < len(whole) * len(PAD) <= 0.75 * 2**20
    assert size_of_journals(tmp_path) <= 0.75 * 2**20 + 300 * 30
    for at, (entry, answer) in enumerate(zip(found, answers, strict=True)):
        expected = found[at % 2] | {
            "position": at // 2,
            "turn": at // 2 % 3,
            "bytes": len(answer.data),
            **{name: entry[name] for name in ("time", "duration_ms", "chunks")},
        }
        if at in whole:
            expected["answer"] = {"blocks": [{"type": "text", "text": str(at // 2 % 3)}]}
            assert entry == expected
        else:
            for name in ("request_headers", "request_truncated", "answer"):
                del expected[name]
            assert entry == expected | {"request_body": None, "request_dropped": True}


def test_without_bodies_failures_are_kept_and_clients_that_leave_are_told(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with(make_store, monkeypatch, journal_max_mb=1)
    for _ in range(20):
        ask(client, pad=PAD)
    refused = post(client, json.dumps({"model": 7, "pad": PAD}))
    left = client.post(f"/s/a{CHAT}", json=body_for(CHAT, stream=True, pad=PAD), buffered=False)
    next(iter(left.response))
    left.close()
    *_, failed, gone = entries(client)
    assert failed["request_dropped"] is gone["request_dropped"] is True
    assert (failed["status"], failed["position"]) == (400, None)
    assert failed["answer"]["failure"]["message"] == refused.get_json()["error"]["message"]
    assert (gone["outcome"], gone["bytes"], gone["chunks"]) == ("client_gone", 0, 0)


def test_the_last_quarter_of_the_usual_room_holds_some_300_000_entries(
    make_store: MakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with(make_store, monkeypatch, journal_max_mb=1)
    for _ in range(20):
        ask(client, "agent-1234", pad=PAD)
    assert entries(client, "agent-1234")[-1]["request_dropped"] is True
    before = size_of_journals(tmp_path)
    for at in range(50):
        ask(client, "agent-1234", stream=at % 2 == 0, pad=PAD)
    each = (size_of_journals(tmp_path) - before) / 50
    assert 256 * 2**20 / 4 / each > 280_000


def test_what_finds_no_room_at_all_is_dropped_and_counted_and_answered_all_the_same(
    make_store: MakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with(make_store, monkeypatch, journal_max_mb=1)
    asked = dropped = 0
    while asked < 3000 and not dropped:
        for _ in range(100):
            assert ask(client, pad=PAD).status_code == 200
        asked += 100
        dropped = journal(client, "a", "limit=1")["dropped"]
    exported = client.get("/llmsim/sessions/a/requests.jsonl").data.splitlines()
    assert 1000 < len(exported) == asked - dropped
    assert 2**20 - 1000 < size_of_journals(tmp_path) <= 2**20
    assert [json.loads(line)["position"] for line in exported] == list(range(len(exported)))
    assert ask(client, "c").status_code == 200


@pytest.mark.parametrize("way", ["reset", "delete"])
def test_a_journal_that_is_cleared_makes_room(
    make_store: MakeStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    client = client_with(make_store, monkeypatch, journal_max_mb=1)
    for _ in range(30):
        ask(client, "a", pad=PAD)
    if way == "reset":
        client.post("/llmsim/sessions/a/reset")
    else:
        client.delete("/llmsim/sessions/a")
    assert size_of_journals(tmp_path) == 0
    for _ in range(13):
        ask(client, "b", pad=PAD)
    assert ["request_dropped" in entry for entry in entries(client, "b")] == [False] * 13


def test_with_no_room_at_all_nothing_is_kept_and_all_is_counted(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with(make_store, monkeypatch, journal_max_mb=0)
    assert [ask(client).status_code for _ in range(3)] == [200] * 3
    assert is_empty(journal(client), dropped=3)


def test_a_restart_goes_on_with_the_journals_and_with_their_size(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with(make_store, monkeypatch, journal_max_mb=1)
    for _ in range(10):
        ask(client, pad=PAD)
    kept = entries(client)
    assert len(kept) == 10
    client = client_with(make_store, monkeypatch, journal_max_mb=1)
    assert entries(client) == kept
    for _ in range(10):
        ask(client, pad=PAD)
    assert [entry["position"] for entry in entries(client)] == list(range(20))
    assert sum("request_dropped" not in entry for entry in entries(client)) in (14, 15)


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


def full_disk(opened: tuple[Any, int] | None) -> tuple[Any, int] | None:
    return opened and (FullDisk(opened[0]), opened[1])


@pytest.mark.usefixtures("tmp_path")
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
            JournalFiles, "_opened", lambda self, session: full_disk(opened(self, session))
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


@pytest.mark.usefixtures("tmp_path")
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


@pytest.mark.usefixtures("tmp_path")
def test_an_entry_that_may_have_been_written_is_not_written_again(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where the client leaves before the end of its stream."""
    client = make_client(text("a"))
    lines = []

    def unanswered(_: object, session: str, generation: int, entry: bytes, **__: bool) -> None:
        lines.append(entry)
        raise StoreUnreachableError("there", "timed out")

    monkeypatch.setattr(MmapStore, "append", unanswered)
    assert ask(client).status_code == 200
    assert len(lines) == 1
    left = client.post(CHAT, json=body_for(CHAT, stream=True), buffered=False)
    next(iter(left.response))
    left.close()
    assert left.status_code == 200
    assert len(lines) == 2


@pytest.mark.usefixtures("tmp_path")
def test_what_was_dropped_for_a_full_disk_takes_no_room(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_with(make_store, monkeypatch, journal_max_mb=1)
    opened = JournalFiles._opened
    with monkeypatch.context() as patch:
        patch.setattr(
            JournalFiles, "_opened", lambda self, session: full_disk(opened(self, session))
        )
        for _ in range(30):
            ask(client, pad=PAD)
    for _ in range(13):
        ask(client, pad=PAD)
    assert ["request_dropped" in entry for entry in entries(client)] == [False] * 13
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
