"""A folder of scripts: which one a request plays, and what begins anew when one changes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from llmsim import Script
from llmsim.conversation import CalledTool, Conversation, Message, Request
from llmsim.errors import RequestError
from llmsim.playback import Playback, Taken
from llmsim.playback.checking import Checked
from llmsim.playback.stored import Reference
from llmsim.reply import Reply
from llmsim.store.base import Store
from llmsim.store.mmap_store import MmapStore
from tests.conftest import MakeStore
from tests.narrowing import present


def says(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "assistant", "text": text} for text in texts]


def script(name: str, **keys: Any) -> Script:
    """A script whose turns say its name."""
    return Script.from_spec({"turns": says(*(f"{name} {n}" for n in range(9))), **keys})


@pytest.fixture
def store(make_store: MakeStore) -> Store:
    return make_store()


def playing(store: Store, **files: Script) -> Playback:
    played = Playback(store)
    played.publish_files(files)
    return played


def ask(played: Playback, session: str = "s", model: str = "m", *history: Message) -> Taken:
    return played.take(Request(Conversation(messages=history), session=session, model=model))


def said(played: Playback, session: str = "s", model: str = "m") -> str | None:
    outcome = ask(played, session, model).outcome
    return outcome.text if isinstance(outcome, Reply) else None


def test_a_request_plays_the_first_script_whose_when_fits(store: Store) -> None:
    played = playing(
        store,
        b=script("b", when={"model": "gpt-*"}),
        a=script("a", when={"model": "gpt-5"}),
        c=script("c", when={"model": "claude"}),
        default=script("default"),
    )
    models = ["gpt-5", "gpt-4", "claude", "other", "gpt-5", "gpt-4", "other"]
    assert [said(played, model=model) for model in models] == [
        "a 0", "b 0", "c 0", "default 0", "a 1", "b 1", "default 1",
    ]  # fmt: skip
    taken = ask(played, model="gpt-5")
    assert (taken.claim.position, taken.line.script, taken.line.label) == (7, "a", "a/main")


def test_else_the_script_with_the_sessions_name_or_the_part_before_its_last_mark(
    store: Store,
) -> None:
    played = playing(store, **{name: script(name) for name in ("agent", "agent-7", "a.b")})
    names = ["agent-7", "agent-8", "agent.x", "agent", "a.b-c", "agent-7-1"]
    assert [said(played, name) for name in names] == [
        "agent-7 0", "agent 0", "agent 0", "agent 0", "a.b 0", "agent-7 0",
    ]  # fmt: skip
    for name in ("agents", "a", "-agent", "agent-8-1"):
        with pytest.raises(RequestError, match=r"There are: 'a\.b', 'agent', 'agent-7'"):
            ask(played, name)
    assert store.session("agents") is None


def test_else_by_weight_from_the_sessions_name_the_same_on_every_host(
    store: Store, make_store: MakeStore
) -> None:
    files = {
        "buy": script("buy", weight=7),
        "refund": script("refund", weight=2),
        "fail": script("fail", weight=1),
        "default": script("default"),
    }
    played = playing(store, **files)
    other = playing(make_store(2000, "other"), **files)

    def chosen(on: Playback, name: str) -> str | None:
        order = on.scripts.chooser(on.scripts.published()).order_for(Request(session=name))
        return order.line.script

    names = [f"user{number}" for number in range(1000)]
    found = [chosen(played, name) for name in names]
    assert found == [chosen(other, name) for name in names]
    counts = Counter(found)
    assert abs(counts["buy"] - 700) < 50
    assert abs(counts["refund"] - 200) < 45
    assert counts.total() == counts["buy"] + counts["refund"] + counts["fail"]
    assert chosen(played, "fail-1") == "fail"


def test_a_request_for_which_there_is_no_script_is_told_why(store: Store) -> None:
    played = playing(store, a=script("a", when={"model": "gpt-*"}), b=script("b"))
    with pytest.raises(RequestError) as refused:
        ask(played, model="claude")
    assert (refused.value.status, refused.value.code) == (400, "no_script")
    assert refused.value.message == (
        "No script is for this request of the session 's'. There are: 'a', 'b'. Those with a "
        "'when', and why not: 'a' (model: wanted one like \"gpt-*\", found \"claude\")."
    )


def test_a_session_plays_the_script_that_it_was_given(store: Store) -> None:
    played = playing(store, a=script("a", when={"model": "*"}), b=script("b"))
    made = played.create("s", Reference("b"))
    assert made is not None
    assert not made.follows
    assert [said(played), said(played)] == ["b 0", "b 1"]
    played.put_script("s", Reference("a"))
    assert said(played) == "a 0"
    played.put_script("s", Checked.of(script("own")))
    assert said(played) == "own 0"
    played.put_script("s", Reference("gone"))
    with pytest.raises(RequestError, match="was given the script 'gone', and there is none"):
        ask(played)


def test_a_script_that_is_put_begins_anew_and_no_other(store: Store) -> None:
    played = playing(store, a=script("a", when={"model": "a"}), b=script("b", when={"model": "b"}))
    played.create("given", Reference("a"))
    for model in ("a", "a", "b"):
        ask(played, model=model)
    ask(played, "given")
    played.put_named("a", script("new", when={"model": "a"}))
    assert [said(played, model=model) for model in ("a", "b", "a")] == ["new 0", "b 1", "new 1"]
    assert said(played, "given") == "new 0"
    assert ask(played, model="b").claim.position == 6
    played.put_named("a", script("new", when={"model": "a"}))
    assert said(played, model="a") == "new 0"
    assert played.delete_named("b")
    assert not played.delete_named("b")
    with pytest.raises(RequestError, match="There are: 'a'"):
        ask(played, model="b")


def test_files_that_are_read_again_change_only_what_has_changed(store: Store) -> None:
    played = playing(store, a=script("a"), b=script("b"), c=script("c"))
    for name in "abc":
        ask(played, name)
    played.put_named("put", script("put"))
    ask(played, "put")
    files = {"a": script("a"), "b": script("other"), "d": script("d")}
    assert played.publish_files(files)
    assert [said(played, name) for name in ("a", "b", "d", "put")] == [
        "a 1", "other 0", "d 0", "put 1",
    ]  # fmt: skip
    with pytest.raises(RequestError):
        ask(played, "c")
    assert not played.publish_files(files)
    assert said(played, "a") == "a 2"


def test_what_is_put_stays_in_the_place_of_a_file_of_that_name(store: Store) -> None:
    played = playing(store, a=script("a"))
    played.put_named("a", script("put"))
    ask(played, "a")
    played.publish_files({"a": script("changed")})
    assert said(played, "a") == "put 1"
    played.delete_named("a")
    assert played.publish_files({"a": script("changed")})
    assert said(played, "a") == "changed 0"


def test_named_scripts_beside_that_of_a_single_file(store: Store) -> None:
    played = Playback(store)
    played.publish(script("file"))
    ask(played)
    played.put_named("a", script("a"))
    assert [said(played), said(played, "a-1"), said(played)] == ["file 1", "a 0", "file 2"]
    assert ask(played).line.script is None
    played.publish(script("changed"))
    assert [said(played), said(played, "a-1")] == ["changed 0", "a 0"]
    assert not played.publish(script("changed"))
    played.delete_named("a")
    assert said(played, "a-1") == "changed 0"


def test_another_process_plays_the_same(store: Store, make_store: MakeStore) -> None:
    played = playing(store, a=script("a"), b=script("b", tracks=[
        {"name": "t", "when": {"model": "t"}, "turns": says("t0", "t1")}]))  # fmt: skip
    other = Playback(make_store(name=""))
    assert [said(played, "b", "t"), said(other, "b", "t"), said(other, "b")] == ["t0", "t1", "b 0"]
    before = present(played.scripts.named("b")).script
    other.put_named("a", script("new"))
    assert present(played.scripts.named("b")).script is before  # it is not read again
    assert [said(played, "a"), said(other, "a"), said(played, "b")] == ["new 0", "new 1", "b 1"]
    unchanged = dict(played.scripts.by_folder(store.published() or 0).choosers)
    played.put_named("c", script("c"))
    after = played.scripts.by_folder(store.published() or 0).choosers
    assert all(after[where] is each for where, each in unchanged.items())


def test_a_script_that_lost_a_track_since_knows_no_turn_before(store: Store) -> None:
    """As another worker may put one between a claim and what is made of it."""
    track = {"name": "t", "when": {"model": "t"}, "turns": says("t0", "t1")}
    played = playing(store, a=script("a", tracks=[track]))
    played.put_script("s", Reference("a"))
    ask(played, "s", "t")
    taken = ask(played, "s", "t")
    assert [reply.text for reply in played.before(taken)] == ["t0"]
    played.put_named("a", script("a"))
    assert list(played.before(taken)) == []
    played.put_named("a", script("a", tracks=[track | {"name": "u"}, track]))
    assert list(played.before(taken)) == []


def test_two_that_put_at_once_lose_nothing(store: Store, make_store: MakeStore) -> None:
    played, other = playing(store, a=script("a")), Playback(make_store(name=""))
    publish = store.publish

    def overtaken(*arguments: Any, **options: Any) -> int:
        store.publish = publish  # type: ignore[method-assign]
        other.put_named("theirs", script("theirs"))
        return publish(*arguments, **options)

    store.publish = overtaken  # type: ignore[method-assign]
    played.put_named("ours", script("ours"))
    assert [said(played, name) for name in ("ours", "theirs", "a")] == [
        "ours 0", "theirs 0", "a 0",
    ]  # fmt: skip


def test_five_thousand_sessions_of_one_script_leave_one_blob(tmp_path: Path) -> None:
    played = playing(MmapStore.create_in(tmp_path, max_sessions=5000), a=script("a"))
    for number in range(5000):
        played.create(f"s{number}", Reference("a"))
    assert len(list(tmp_path.glob("script-*"))) == 2  # the folder, and the one name


def called(taken: Taken) -> tuple[Message, Message]:
    assert isinstance(taken.outcome, Reply)
    (call,) = taken.outcome.calls
    return (
        Message("assistant", "", (CalledTool(call.name, "{}", call.id),)),
        Message("tool", "ok", call_id=call.id),
    )


def test_five_hundred_conversations_by_history_over_three_scripts(store: Store) -> None:
    call = {"type": "tool_calls", "calls": [{"name": "find"}]}
    limit = {"type": "error", "kind": "rate_limit"}
    files = {
        word: Script.from_spec(
            {
                "order": "history",
                "when": {"first_contains": word},
                "turns": [call, limit, *says(f"{word} done")],
            }
        )
        for word in ("buy", "refund", "fail")
    }
    played = playing(store, **files)
    users = [(word, Message("user", f"{word} {number}")) for number in range(167) for word in files]
    firsts = [ask(played, "default", "m", first) for _, first in users]
    assert [taken.line.script for taken in firsts] == [word for word, _ in users]
    histories = [(first, *called(taken)) for (_, first), taken in zip(users, firsts, strict=True)]
    for expected in (1, 2, 2):
        answers = [ask(played, "default", "m", *history) for history in histories]
        assert {taken.turn_index for taken in answers} == {expected}
    last = [taken.outcome.text for taken in answers if isinstance(taken.outcome, Reply)]
    assert last == [f"{word} done" for word, _ in users]


def test_requests_count_for_their_script_under_both_orders(store: Store) -> None:
    played = playing(
        store, a=script("a"), b=script("b", order="history"), c=script("c", when={"model": "c"})
    )
    for name in ("a", "b", "b"):
        ask(played, name)
    outline = played.scripts.outline(store.published() or 0)
    places = [line.line.place for line in outline.lines]
    assert store.counts("a", places) == [1, 0, 0]
    assert store.counts("b", places) == [0, 2, 0]
