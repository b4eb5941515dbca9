"""Lists of sessions by name and state, what they count, and operations on many at once."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim import Script
from llmsim.serving import shared
from tests.conftest import MakeClient
from tests.journal.asking import ask, entries, post
from tests.running import numbered, text


def listed(client: FlaskClient, query: str = "") -> dict[str, dict[str, Any]]:
    """The sessions of a list, by name."""
    found = client.get(f"/llmsim/sessions?limit=1000&{query}").get_json()
    assert found["next"] is None
    return {session["name"]: session for session in found["sessions"]}


@pytest.fixture
def several(make_client: MakeClient) -> FlaskClient:
    """A client of sessions that took 0, 1, 2 and 3 turns of their script's two."""
    client = make_client(*numbered(2))
    for taken, name in enumerate(("a-none", "a-one", "b-two", "b-three")):
        client.post("/llmsim/sessions", json={"name": name})
        for _ in range(taken):
            ask(client, name)
    return client


def test_a_list_can_be_asked_for_by_the_beginning_of_names(several: FlaskClient) -> None:
    assert set(listed(several, "prefix=a-")) == {"a-none", "a-one"}
    assert set(listed(several, "prefix=b-t")) == {"b-two", "b-three"}
    assert listed(several, "prefix=none") == {}
    assert len(listed(several, "prefix=")) == 4


def test_a_list_can_be_asked_for_by_state(several: FlaskClient) -> None:
    assert set(listed(several, "state=untouched")) == {"a-none"}
    assert set(listed(several, "state=unfinished")) == {"a-one"}
    assert set(listed(several, "state=exhausted")) == {"b-two", "b-three"}
    assert listed(several, "state=exhausted&prefix=a") == {}
    used = {name: (found["turns_used"], found["turns"]) for name, found in listed(several).items()}
    assert used == {"a-none": (0, 2), "a-one": (1, 2), "b-two": (2, 2), "b-three": (2, 2)}


def test_pages_of_a_chosen_list_show_each_session_once(make_client: MakeClient) -> None:
    client = make_client(text("a"), max_sessions=200)
    for number in range(100):
        client.post("/llmsim/sessions", json={"name": f"{'ab'[number % 2]}-{number}"})
    found: list[str] = []
    following = 0
    while following is not None:
        page = client.get(f"/llmsim/sessions?prefix=a&limit=7&after={following}").get_json()
        assert len(page["sessions"]) <= 7
        found += [session["name"] for session in page["sessions"]]
        following = page["next"]
    assert sorted(found) == sorted(f"a-{number}" for number in range(0, 100, 2))


def test_a_list_counts_requests_errors_and_entries_and_knows_the_last(
    make_client: MakeClient,
) -> None:
    client = make_client(text("a"), {"type": "error", "kind": "rate_limit"}, on_exhausted="loop")
    for number in range(4):
        ask(client, stream=number == 0)
    post(client, b"{")
    before = time.time()
    ask(client, pad='"status":500,"time":9999999999.0')
    for _ in range(2):  # what was counted once is not counted twice
        found = listed(client)["a"]
        assert (found["requests"], found["errors"], found["entries"]) == (6, 3, 6)
        assert before - 0.001 <= found["last"] <= time.time()
    ask(client)
    assert (listed(client)["a"]["requests"], listed(client)["a"]["errors"]) == (7, 4)
    client.put("/llmsim/sessions/a/script", json={"turns": [text("own")]})
    ask(client)
    found = listed(client)["a"]
    assert (found["requests"], found["errors"], found["entries"]) == (1, 0, 8)
    shown = client.get("/llmsim/sessions/a").get_json()
    assert {name: shown[name] for name in found} == found
    client.post("/llmsim/sessions/a/reset")
    found = listed(client)["a"]
    assert (found["requests"], found["entries"], found["last"]) == (0, 0, None)
    assert found["state"] == "untouched"


def test_entries_without_bodies_are_counted_alike(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(text("a"), {"type": "error", "kind": "rate_limit"})
    store = shared._shared.store  # type: ignore[union-attr]
    append = type(store).append
    monkeypatch.setattr(
        type(store),
        "append",
        lambda *given, spare=False: append(*given, spare=True) if spare else None,
    )
    before = time.time()
    for _ in range(3):
        ask(client)
    assert [entry["request_dropped"] for entry in entries(client)] == [True] * 3
    found = listed(client)["a"]
    assert (found["requests"], found["errors"], found["entries"]) == (3, 2, 3)
    assert before - 0.001 <= found["last"] <= time.time()


def test_the_turns_of_a_large_script_are_counted_too(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    content = Script.from_spec({"turns": numbered(3000)}).canonical()
    shared._shared.store.put_script("a", content)  # type: ignore[union-attr]
    assert listed(client)["a"]["turns"] == 3000


def test_a_list_is_right_while_a_script_is_replaced(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(text("a"))
    store = shared._shared.store  # type: ignore[union-attr]
    store.put_script("a", Script.from_spec({"turns": numbered(3)}).canonical())
    read, replaced = store.script, iter(range(5))

    def replaced_first(key: int) -> Any:
        if next(replaced, None) is not None:
            store.put_script("a", Script.from_spec({"turns": numbered(7)}).canonical())
        return read(key)

    monkeypatch.setattr(store, "script", replaced_first)
    assert listed(client)["a"]["turns"] == 7


def test_a_reset_of_all_rewinds_them_and_clears_their_journals(several: FlaskClient) -> None:
    before = listed(several)
    response = several.post("/llmsim/reset")
    assert (response.status_code, response.get_json()) == (200, {"sessions": 4})
    after = listed(several)
    for name in before:
        assert after[name]["generation"] != before[name]["generation"]
        assert (after[name]["position"], after[name]["entries"]) == (0, 0)
    assert ask(several, "b-two").headers["X-LLMSim-Position"] == "0"


@pytest.mark.parametrize("prefix", ["b-", "b-three"])
def test_a_reset_with_a_prefix_leaves_the_others_alone(several: FlaskClient, prefix: str) -> None:
    before = listed(several)
    chosen = {name for name in before if name.startswith(prefix)}
    assert several.post("/llmsim/reset", json={"prefix": prefix}).get_json() == {
        "sessions": len(chosen)
    }
    after = listed(several)
    assert {name for name in before if after[name] != before[name]} == chosen
    assert {after[name]["position"] for name in chosen} == {0}


def test_sessions_are_deleted_by_prefix_or_all(several: FlaskClient, tmp_path: Path) -> None:
    assert several.delete("/llmsim/sessions?prefix=a-").get_json() == {"sessions": 2}
    assert set(listed(several)) == {"b-two", "b-three"}
    assert several.delete("/llmsim/sessions?prefix=a-").get_json() == {"sessions": 0}
    assert several.delete("/llmsim/sessions").get_json() == {"sessions": 2}
    assert listed(several) == {}
    assert list(tmp_path.glob("journal-*")) == []


def test_a_misspelt_prefix_deletes_and_resets_nothing(several: FlaskClient) -> None:
    before = listed(several)
    assert several.delete("/llmsim/sessions?prefx=a-").status_code == 400
    assert several.post("/llmsim/reset", json={"prefx": "a-"}).status_code == 400
    assert listed(several) == before


def test_a_prefix_in_the_wrong_place_deletes_and_resets_nothing(several: FlaskClient) -> None:
    before = listed(several)
    for refused in (
        several.delete("/llmsim/sessions", json={"prefix": "a-"}),
        several.post("/llmsim/reset?prefix=a-"),
        several.post("/llmsim/sessions/a-one/reset?prefix=a-"),
        several.put("/llmsim/sessions/a-one/script?prefix=a-", json={"turns": [text("b")]}),
    ):
        assert refused.status_code == 400
        message = refused.get_json()["error"]["message"]
        assert message == "prefix: unknown field 'prefix'; expected none"
    assert listed(several) == before


def test_more_sessions_than_are_read_at_once_are_all_deleted(make_client: MakeClient) -> None:
    client = make_client(text("a"), max_sessions=1300)
    store = shared._shared.store  # type: ignore[union-attr]
    for number in range(1300):
        store.create(f"s{number}")
    assert client.post("/llmsim/reset").get_json() == {"sessions": 1300}
    assert client.delete("/llmsim/sessions").get_json() == {"sessions": 1300}
    assert listed(client) == {}
