"""Reading a journal: pages, waiting, export, what is broken, and very many entries."""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim.journal import read
from llmsim.journal.line import End, line
from llmsim.journal.read import Mark, Reader
from llmsim.serving import shared
from llmsim.store import journal_files, state_dir
from llmsim.store.base import Page
from tests.conftest import MakeClient
from tests.journal.asking import ask, entries, is_empty, journal
from tests.requests import CHAT, body_for
from tests.running import numbered, text


def journal_file(tmp_path: Path) -> Path:
    (found,) = tmp_path.glob("journal-*.jsonl")
    return found


def pages(client: FlaskClient, limit: int) -> Iterator[dict[str, Any]]:
    """Every page, up to the first that is empty."""
    since = "0"
    while True:
        page = journal(client, "a", f"since={since}&limit={limit}")
        if not page["entries"]:
            return
        yield page
        assert page["next"] != since
        since = page["next"]


@pytest.mark.parametrize(("limit", "sizes"), [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (1000, [7])])
def test_pages_show_each_entry_once_and_in_order(
    make_client: MakeClient, limit: int, sizes: list[int]
) -> None:
    client = make_client(text("a"))
    for _ in range(7):
        ask(client)
    found = [page["entries"] for page in pages(client, limit)]
    assert [len(page) for page in found] == sizes
    assert [entry["position"] for page in found for entry in page] == list(range(7))


def test_who_waits_for_a_conversation_looks_at_no_entry_twice(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, places = make_client(text("a")), list[int]()
    assert shared._shared is not None
    store = shared._shared.store
    entries_of = store.entries

    def noted(session: str, place: int, *more: Any) -> Page:
        places.append(place)
        return entries_of(session, place, *more)

    monkeypatch.setattr(store, "entries", noted)
    reader = Reader(store, "a", only={"conversation": "nobody's"})
    for _ in range(3):
        ask(client)
    mark = reader.read(Mark(), 10).mark
    assert mark.place > 0
    assert min(places) == 0
    places.clear()
    ask(client)
    assert reader.read(mark, 10).mark.place > mark.place
    assert min(places) == mark.place


def test_a_page_holds_100_entries_where_nothing_else_is_asked(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    for _ in range(101):
        ask(client)
    assert len(entries(client, "a", "")) == 100


def test_what_comes_after_a_mark_is_all_that_came_since(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    ask(client)
    mark = journal(client)["next"]
    page = journal(client, "a", f"since={mark}")
    assert is_empty(page)
    assert page["next"] == mark
    ask(client)
    ask(client)
    assert [entry["position"] for entry in entries(client, "a", f"since={mark}")] == [1, 2]


@pytest.mark.parametrize("place", [2**31, 10**17, 10**18 - 1])
def test_a_mark_far_behind_the_end_shows_nothing(make_client: MakeClient, place: int) -> None:
    client = make_client(text("a"))
    generation = ask(client).headers["X-LLMSim-Generation"]
    assert journal(client, "a", f"since={generation}-{place}")["entries"] == []


def test_a_mark_that_was_made_up_shows_whole_entries_only(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    for _ in range(2):
        ask(client, tools=[{"a": {"b": {}}}])
    first, second = entries(client)
    generation, _, place = journal(client, "a", "limit=1")["next"].partition("-")
    for since in range(int(place)):
        page = journal(client, "a", f"since={generation}-{since}")  # fails where it is not JSON
        assert [entry for entry in page["entries"] if entry not in (first, second)] == []
        assert page["stale"] == []


def test_the_export_has_every_entry_on_a_line_of_its_own(make_client: MakeClient) -> None:
    client = make_client(*numbered(3), on_exhausted="loop")
    for at in range(25):
        ask(client, stream=at % 2 == 0)
    response = client.get("/llmsim/sessions/a/requests.jsonl")
    assert (response.status_code, response.mimetype) == (200, "application/jsonl")
    assert response.data.endswith(b"\n")
    assert [json.loads(entry) for entry in response.data.splitlines()] == entries(client)


def test_the_export_of_a_session_without_a_request_is_empty(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    client.post("/llmsim/sessions", json={"name": "a"})
    assert client.get("/llmsim/sessions/a/requests.jsonl").data == b""
    assert is_empty(journal(client))


# Rewinds


def rewind(client: FlaskClient, way: str) -> None:
    if way == "reset":
        client.post("/llmsim/sessions/a/reset")
    elif way == "delete":
        client.delete("/llmsim/sessions/a")
    else:
        client.put("/llmsim/sessions/a/script", json={"turns": [text("own")]})


def test_an_export_ends_where_the_session_rewinds(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "_AT_ONCE", 1)
    client = make_client(text("a"))
    assert shared._shared is not None
    ask(client)
    ask(client)
    exported = Reader(shared._shared.store, "a").every()
    assert json.loads(next(exported))["position"] == 0
    client.post("/llmsim/sessions/a/reset")
    ask(client)
    assert list(exported) == []


@pytest.mark.parametrize("way", ["reset", "delete", "script"])
def test_a_mark_of_before_a_rewind_starts_again_at_the_beginning_and_says_so(
    make_client: MakeClient, way: str
) -> None:
    client = make_client(text("a"))
    for _ in range(3):
        ask(client)
    old = journal(client, "a", "limit=2")["next"]
    assert [entry["position"] for entry in entries(client, "a", f"since={old}")] == [2]
    rewind(client, way)
    generation = [ask(client) for _ in range(2)][-1].headers["X-LLMSim-Generation"]
    page = journal(client, "a", f"since={old}&limit=1")
    assert [(entry["position"], entry["generation"]) for entry in page["entries"]] == [
        (0, generation)
    ]
    assert (page["rewound"], page["stale"]) == (True, [])
    following = journal(client, "a", f"since={page['next']}")
    assert [entry["position"] for entry in following["entries"]] == [1]
    assert following["rewound"] is False


def test_a_wait_counts_anew_where_a_rewind_comes_in_between(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    for _ in range(3):
        ask(client)
    app = client.application

    def rewind_and_ask() -> None:
        time.sleep(0.2)
        other = app.test_client()
        rewind(other, "reset")
        for _ in range(4):
            time.sleep(0.1)
            ask(other)

    asking = threading.Thread(target=rewind_and_ask)
    asking.start()
    page, _ = timed(client, "wait_for=4&timeout=30")
    asking.join()
    assert [entry["position"] for entry in page["entries"]] == list(range(4))
    assert page["timed_out"] is False


# Waiting


def timed(client: FlaskClient, query: str) -> tuple[dict[str, Any], float]:
    began = time.monotonic()
    return journal(client, "a", query), time.monotonic() - began


def test_a_wait_returns_as_soon_as_so_many_have_finished(make_client: MakeClient) -> None:
    client = make_client(text("a"))  # where there is no such session yet
    app = client.application

    def ask_three_times() -> None:
        for _ in range(3):
            time.sleep(0.1)
            ask(app.test_client())

    asking = threading.Thread(target=ask_three_times)
    asking.start()
    page, seconds = timed(client, "wait_for=3&timeout=30")
    asking.join()
    assert [entry["position"] for entry in page["entries"]] == [0, 1, 2]
    assert page["timed_out"] is False
    assert seconds < 25


def test_a_wait_for_what_is_there_returns_at_once(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    for _ in range(3):
        ask(client)
    for count in (0, 1, 3):
        page, seconds = timed(client, f"wait_for={count}&timeout=30")
        assert (len(page["entries"]), page["timed_out"]) == (3, False)
        assert seconds < 25


@pytest.mark.parametrize("timeout", ["0", "0.2"])
def test_a_wait_that_is_in_vain_says_so_and_shows_what_there_is(
    make_client: MakeClient, timeout: str
) -> None:
    client = make_client(text("a"))
    ask(client)
    page, seconds = timed(client, f"wait_for=2&timeout={timeout}")
    assert ([entry["position"] for entry in page["entries"]], page["timed_out"]) == ([0], True)
    assert float(timeout) <= seconds < 25


def test_a_wait_for_a_session_that_no_one_makes_ends_with_its_time(
    make_client: MakeClient,
) -> None:
    client = make_client(text("a"))
    page, _ = timed(client, "wait_for=1&timeout=0.1")
    assert page["timed_out"] is True
    assert (page["entries"], page["next"]) == ([], "0")
    assert client.get("/llmsim/sessions/a").status_code == 404


def test_a_wait_counts_from_its_mark(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    ask(client)
    mark = journal(client)["next"]
    assert timed(client, f"since={mark}&wait_for=1&timeout=0.1")[0]["timed_out"] is True
    ask(client)
    page, _ = timed(client, f"since={mark}&wait_for=1&timeout=30")
    assert ([entry["position"] for entry in page["entries"]], page["timed_out"]) == ([1], False)


def test_a_wait_counts_requests_that_were_refused_and_not_those_in_flight(
    make_client: MakeClient,
) -> None:
    client = make_client(text("word " * 2000))
    begun = client.post(f"/s/a{CHAT}", json=body_for(CHAT, stream=True), buffered=False)
    assert timed(client, "wait_for=1&timeout=0.1")[0]["timed_out"] is True
    client.post(f"/s/a{CHAT}", data=b"{")
    assert timed(client, "wait_for=1&timeout=30")[0]["timed_out"] is False
    assert timed(client, "wait_for=2&timeout=0.1")[0]["timed_out"] is True
    assert begun.data
    assert timed(client, "wait_for=2&timeout=30")[0]["timed_out"] is False


def test_a_wait_counts_more_than_a_page_holds(make_client: MakeClient, tmp_path: Path) -> None:
    client = make_client(text("a"))
    ask(client)
    fill(client, tmp_path, 2500)
    assert timed(client, "wait_for=2500&timeout=30&limit=1")[0]["timed_out"] is False
    assert timed(client, "wait_for=2501&timeout=0")[0]["timed_out"] is True


# What is broken


def test_a_line_that_was_cut_anywhere_spoils_no_other(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(text("a"))
    ask(client, tools=[{"a": {"b": {}}}])
    (whole,) = entries(client)
    path = journal_file(tmp_path)
    written = path.read_bytes().strip(b"\n")
    path.write_bytes(
        b"".join(b"\n" + written[:cut] + b"\n" + written + b"\n" for cut in range(len(written)))
    )
    ask(client)
    found = [entry for page in pages(client, 100) for entry in page["entries"] + page["stale"]]
    assert found[:-1] == [whole] * len(written)
    assert found[-1]["position"] == 1
    assert [
        json.loads(entry)
        for entry in client.get("/llmsim/sessions/a/requests.jsonl").data.splitlines()
    ] == found


def test_what_a_killed_process_left_of_a_line_does_not_hide_the_next(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(text("a"))
    ask(client)
    with journal_file(tmp_path).open("ab") as file:
        file.write(b'\n{"generation":"0123')
    assert [entry["position"] for entry in entries(client)] == [0]
    ask(client)
    assert [entry["position"] for entry in entries(client)] == [0, 1]


def test_garbage_between_entries_is_left_out(make_client: MakeClient, tmp_path: Path) -> None:
    client = make_client(text("a"))
    for garbage in (b"\0" * 5000, b"\n\n\n", b"\xff\xfe", b"}", b"\0}"):
        ask(client)
        with journal_file(tmp_path).open("ab") as file:
            file.write(b"\n" + garbage + b"\n")
    page = journal(client)
    assert [entry["position"] for entry in page["entries"]] == list(range(5))
    assert page["stale"] == []


# Very many


def fill(client: FlaskClient, tmp_path: Path, count: int, path: str = "/") -> None:
    """Make the journal of `a` one of so many entries, in place of those that it has."""
    generation = client.get("/llmsim/sessions/a").get_json()["generation"]
    end = End(200, "completed", 1, 1, 0.5)
    begun = {"generation": generation, "session": "a", "path": path}
    with journal_file(tmp_path).open("wb") as file:
        for position in range(count):
            file.write(b"\n" + line(begun | {"position": position}, None, end) + b"\n")


MANY = 20_000
LONG = "/" + "x" * 500


@pytest.mark.slow
def test_20_000_entries_are_read_page_by_page_in_bounded_memory(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(text("a"))
    ask(client)
    fill(client, tmp_path, MANY, LONG)
    journal(client, "a", "limit=1000")  # what is made once
    tracemalloc.start()
    try:
        expected = itertools.count()
        for page in pages(client, 1000):
            assert [entry["position"] for entry in page["entries"]] == list(
                itertools.islice(expected, 1000)
            )
        assert next(expected) == MANY
        _, read = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        response = client.get("/llmsim/sessions/a/requests.jsonl", buffered=False)
        assert sum(1 for _ in response.response) == MANY
        _, exported = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    size = journal_file(tmp_path).stat().st_size
    assert size > 12 * 2**20
    assert read < 8 * 2**20
    assert exported < 4 * 2**20


@pytest.mark.slow
def test_the_export_of_20_000_entries_is_what_the_pages_show(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client = make_client(text("a"))
    ask(client)
    fill(client, tmp_path, MANY)
    exported = client.get("/llmsim/sessions/a/requests.jsonl").data.splitlines()
    assert len(exported) == MANY
    at = 0
    for page in pages(client, 1000):
        assert [json.loads(entry) for entry in exported[at : at + 1000]] == page["entries"]
        at += len(page["entries"])
    assert at == MANY


class Counted:
    """A file that counts the bytes read from it."""

    total = 0

    def __init__(self, file: Any) -> None:
        self._file = file

    def __enter__(self) -> Counted:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int) -> bytes:
        block: bytes = self._file.read(size)
        Counted.total += len(block)
        return block


def test_what_is_read_from_the_disk_grows_with_the_entries_and_not_with_their_square(
    make_client: MakeClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(text("a"))
    ask(client)
    opened = state_dir.open_private
    monkeypatch.setattr(
        journal_files, "open_private", lambda *arguments: Counted(opened(*arguments))
    )
    totals = []
    for count in (10_000, 40_000):
        fill(client, tmp_path, count)
        Counted.total = 0
        assert sum(len(page["entries"]) for page in pages(client, 500)) == count
        totals.append(Counted.total)
    assert totals[0] >= 10_000 * 100
    assert totals[1] < 5 * totals[0]


def test_no_entry_has_padding_in_its_numbers(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    ask(client)
    client.post(f"/s/a{CHAT}", data=b"{")
    page = client.get("/llmsim/sessions/a/requests").data
    lines = client.get("/llmsim/sessions/a/requests.jsonl").data
    for answer in (page, lines):
        ends = re.findall(rb',"status".*?}', answer)
        assert len(ends) == 2
        assert [end for end in ends if b" " in end] == []
