"""Tracks: each request goes to its line of turns, and each line has its own place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmsim import Script
from llmsim.conversation import PREVIOUS_RESPONSE, CalledTool, Conversation, Message, Request
from llmsim.errors import RequestError, TracksFullError
from llmsim.playback import Playback, Taken
from llmsim.playback.checking import Checked
from llmsim.reply import Failure, Reply
from tests.conftest import MakeStore

Play = Callable[..., Playback]


def says(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "assistant", "text": text} for text in texts]


CALL: dict[str, Any] = {"type": "tool_calls", "calls": [{"name": "bash"}]}
TITLE: dict[str, Any] = {
    "name": "title",
    "when": {"system_contains": "title"},
    "turns": says("t0", "t1"),
}
WORKER: dict[str, Any] = {
    "name": "worker",
    "when": {"system_contains": "worker"},
    "turns": says("w0", "w1", "w2"),
}


def script(*tracks: dict[str, Any], turns: Any = None, **keys: Any) -> Script:
    spec = {"on_exhausted": "error", "tracks": list(tracks), **keys}
    return Script.from_spec(spec | ({"turns": turns} if turns else {}))


@pytest.fixture
def play(make_store: MakeStore) -> Play:
    def make(*tracks: dict[str, Any], room: int = 50, **keys: Any) -> Playback:
        played = Playback(make_store(room))
        played.publish(script(*tracks, **keys))
        return played

    return make


def ask(played: Playback, system: str = "", *history: Message, session: str = "s") -> Taken:
    messages = (Message("system", system), *(history or (Message("user", "Hi"),)))
    return played.take(Request(Conversation(system, messages), session=session))


def text_of(taken: Taken) -> str | None:
    return taken.outcome.text if isinstance(taken.outcome, Reply) else None


def test_a_request_gets_the_turns_of_the_first_track_that_it_fits_and_takes_none_of_another(
    play: Play,
) -> None:
    played = play(TITLE, WORKER, turns=says("m0", "m1"))
    asked = ["a title", "", "worker", "a title for the worker", "worker", "", "worker"]
    taken = [ask(played, system) for system in asked]
    assert [text_of(each) for each in taken] == ["t0", "m0", "w0", "t1", "w1", "m1", "w2"]
    assert [each.claim.position for each in taken] == list(range(7))
    assert [each.line.name for each in taken] == [
        "title", "main", "worker", "title", "worker", "main", "worker",
    ]  # fmt: skip
    assert [each.turn_index for each in taken] == [0, 0, 0, 1, 1, 1, 2]


def test_each_track_ends_in_its_own_way(play: Play) -> None:
    played = play(
        TITLE | {"on_exhausted": "loop"},
        WORKER | {"on_exhausted": "repeat_last"},
        turns=says("m0"),
    )
    assert [text_of(ask(played, "title")) for _ in range(3)] == ["t0", "t1", "t0"]
    assert [text_of(ask(played, "worker")) for _ in range(5)] == ["w0", "w1", "w2", "w2", "w2"]
    assert text_of(ask(played)) == "m0"
    exhausted = ask(played).outcome
    assert isinstance(exhausted, Failure)
    assert exhausted.message.startswith("The track 'main' is exhausted: its only turn was served")


def test_an_exhausted_track_is_named(play: Play) -> None:
    played = play(TITLE, turns=says("m0"))
    last = [ask(played, "title") for _ in range(3)][-1]
    assert isinstance(last.outcome, Failure)
    assert last.outcome.message.startswith("The track 'title' is exhausted: all 2 turns")
    assert (last.line.name, last.turn_index) == ("title", None)


def test_a_request_that_fits_no_track_takes_nothing_and_is_told_why(play: Play) -> None:
    played = play(TITLE, WORKER | {"when": {"system_contains": "worker", "has_tools": True}})
    with pytest.raises(RequestError) as refused:
        ask(played, "You plan.")
    assert (refused.value.status, refused.value.code) == (400, "no_track")
    assert refused.value.message == (
        "No track of the script takes this request, and the script has no turns of its own. "
        "The tracks, and why not: 'title' (system_contains: wanted a text that contains \"title\", "
        'found "You plan."), \'worker\' (system_contains: wanted a text that contains "worker", '
        'found "You plan."; has_tools: wanted true, found false).'
    )
    assert played.store.session("s") is None
    assert ask(played, "title").claim.position == 0


def test_a_reset_rewinds_all_tracks(play: Play) -> None:
    played = play(TITLE, WORKER, turns=says("m0"))
    for system in ("title", "worker", "worker", ""):
        ask(played, system)
    played.store.reset("s")
    again = [ask(played, system) for system in ("worker", "title", "")]
    assert [text_of(each) for each in again] == ["w0", "t0", "m0"]
    assert [each.claim.position for each in again] == [0, 1, 2]


def test_another_script_with_the_same_tracks_begins_them_all_anew(play: Play) -> None:
    played = play(TITLE, WORKER, turns=says("m0"))
    ask(played, "title")
    ask(played, "worker")
    other = script(TITLE | {"turns": says("other")}, WORKER, turns=says("m0"))
    played.put_script("s", Checked.of(other))
    assert [text_of(ask(played, system)) for system in ("worker", "title")] == ["w0", "other"]
    played.publish(other)
    ask(played, "worker", session="r")
    played.publish(script(WORKER, turns=says("m0")))
    assert text_of(ask(played, "worker", session="r")) == "w0"


def test_sessions_have_each_their_own_places(play: Play) -> None:
    played = play(TITLE, turns=says("m0"))
    assert [text_of(ask(played, "title", session=name)) for name in "aabb"] == [
        "t0", "t1", "t0", "t1",
    ]  # fmt: skip


def test_where_there_is_no_room_for_a_place_nothing_is_taken_and_the_setting_is_named(
    play: Play,
) -> None:
    many = [
        {"name": f"t{number}", "when": {"model": f"m{number}"}, "turns": says("x")}
        for number in range(9)
    ]
    played = play(*many, room=1, turns=says("m0"))

    def take(model: str) -> Taken:
        return played.take(Request(model=model, session="s"))

    for number in range(4):
        take(f"m{number}")
    with pytest.raises(TracksFullError, match=r"store\.max_sessions \(LLMSIM_MAX_SESSIONS\)"):
        take("m8")
    assert (take("m3").claim.position, take("other").line.name) == (4, "main")


def called(taken: Taken) -> tuple[Message, Message]:
    assert isinstance(taken.outcome, Reply)
    (call,) = taken.outcome.calls
    return (
        Message("assistant", "", (CalledTool(call.name, "{}", call.id),)),
        Message("tool", "ok", call_id=call.id),
    )


def test_by_history_a_made_id_says_its_track_and_a_track_counts_its_own_answers_only(
    play: Play,
) -> None:
    played = play(
        WORKER | {"turns": [CALL, CALL, *says("w2")]},
        turns=[CALL, *says("m1", "m2")],
        order="history",
    )
    user = Message("user", "Hi")
    first = ask(played, "", user)
    handed_over = (user, *called(first))
    worker = ask(played, "worker", *handed_over)
    assert [ids(each) for each in (first, worker)] == [["0", "0"], ["1", "0"]]
    handed_back = (*handed_over, *called(worker))
    assert (ask(played, "worker", *handed_back).turn_index, worker.turn_index) == (1, 0)
    assert text_of(ask(played, "", *handed_back)) == "m1"
    later = (*handed_back, Message("assistant", "m1"), Message("user", "And?"))
    assert text_of(ask(played, "", *later)) == "m2"
    assert ask(played, "worker", *later).turn_index == 1


def ids(taken: Taken) -> list[str]:
    """Track and step in the id of its call."""
    assert isinstance(taken.outcome, Reply)
    return taken.outcome.calls[0].id.split("_")[4:6]


def test_by_history_texts_and_scripted_ids_of_other_tracks_do_not_count(play: Play) -> None:
    fixed = {"type": "tool_calls", "calls": [{"name": "bash", "id": "call_42"}]}
    played = play(WORKER | {"turns": [fixed, *says("w1")]}, turns=says("m0", "m1"), order="history")
    history = (
        Message("user", "Hi"),
        Message("assistant", "m0"),
        Message("user", "Go."),
        Message("assistant", "", (CalledTool("bash", "{}", "call_42"),)),
        Message("tool", "ok", call_id="call_42"),
    )
    assert text_of(ask(played, "", *history)) == "m1"
    assert text_of(ask(played, "worker", *history)) == "w1"
    assert ask(played, "worker", *history[:3]).turn_index == 0


def test_by_history_a_scripted_id_that_only_begins_as_a_made_one_is_its_own_tracks(
    play: Play,
) -> None:
    fixed = {"type": "tool_calls", "calls": [{"name": "bash", "id": "call_llmsim_mine"}]}
    played = play(WORKER, turns=[fixed, fixed, *says("m2")], order="history")
    history = [Message("user", "Hi")]
    for turn in range(3):
        taken = ask(played, "", *history)
        assert taken.turn_index == turn
        history += called(taken) if turn < 2 else ()


def test_by_history_agents_that_answer_one_another_by_name_have_each_their_turns(
    play: Play,
) -> None:
    played = play(WORKER, turns=says("m0", "m1"), order="history")
    history = [Message("user", "Hi")]
    for system, speaker, text in (
        ("", "a", "m0"), ("worker", "b", "w0"), ("", "a", "m1"), ("worker", "b", "w1"),
    ):  # fmt: skip
        assert text_of(ask(played, system, *history)) == text
        history.append(Message("assistant", text, speaker=speaker))


def test_tracks_of_both_orders_in_one_script(play: Play) -> None:
    played = play(WORKER | {"order": "history", "turns": says("w0", "w1")}, turns=says("m0", "m1"))
    assert [text_of(ask(played)) for _ in range(2)] == ["m0", "m1"]
    assert [text_of(ask(played, "worker")) for _ in range(2)] == ["w0", "w0"]
    other = play(WORKER | {"order": "arrival"}, turns=[CALL, *says("m1")], order="history")
    assert [text_of(ask(other, "worker", session="o")) for _ in range(2)] == ["w0", "w1"]
    first = ask(other, session="o")
    assert text_of(ask(other, "", Message("user", "Hi"), *called(first), session="o")) == "m1"


def test_errors_of_a_step_come_once_for_each_conversation_of_each_track(play: Play) -> None:
    limit = {"type": "error", "kind": "rate_limit"}
    played = play(WORKER | {"turns": [limit, *says("w0")]}, turns=[limit, *says("m0")],
                  order="history")  # fmt: skip
    got = [ask(played, system) for system in ("worker", "", "worker", "")]
    assert [each.turn_index for each in got] == [0, 0, 1, 1]


def test_by_history_what_goes_on_from_a_response_has_the_first_message_of_its_track(
    play: Play,
) -> None:
    refund = {"name": "refund", "when": {"first_contains": "refund"}, "turns": says("r0", "r1")}
    played = play(refund, turns=says("m0", "m1"), order="history")

    def on_from(taken: Taken, text: str) -> str | None:
        response = Message(PREVIOUS_RESPONSE, "", item_id=f"resp_llmsim_{'_'.join(taken.marks)}")
        return text_of(ask(played, "", response, Message("user", text)))

    refunded = ask(played, "", Message("user", "A refund, please."))
    other = ask(played, "", Message("user", "Hi"))
    assert (text_of(refunded), text_of(other)) == ("r0", "m0")
    assert (on_from(refunded, "And now?"), on_from(other, "A refund, please.")) == ("r1", "m1")
