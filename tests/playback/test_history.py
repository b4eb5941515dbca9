"""Played by history: errors come once for each conversation, and every retry finds its turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmsim import Script
from llmsim.conversation import CalledTool, Conversation, Message, Request
from llmsim.playback import Playback, Taken
from llmsim.playback.checking import Checked
from llmsim.playback.history import tries_key
from llmsim.playback.standing import Mark, Standing
from llmsim.reply import Failure, Reply
from tests.conftest import MakeStore
from tests.requests import RENDERERS

CALL: dict[str, Any] = {"type": "tool_calls", "calls": [{"name": "bash"}]}
SAY: dict[str, Any] = {"type": "assistant", "text": "Done."}
RATE_LIMIT: dict[str, Any] = {"type": "error", "kind": "rate_limit"}
TIMEOUT: dict[str, Any] = {"type": "error", "kind": "timeout"}

Play = Callable[..., Playback]


@pytest.fixture
def play(make_store: MakeStore) -> Play:
    def make(*turns: dict[str, Any], **keys: Any) -> Playback:
        played = Playback(make_store())
        played.publish(script(*turns, **keys))
        return played

    return make


def script(*turns: dict[str, Any], **keys: Any) -> Script:
    return Script.from_spec({"order": "history", "turns": list(turns), **keys})


def ask(played: Playback, *messages: Message, retry: int = 0, session: str = "s") -> Taken:
    return played.take(Request(Conversation(messages=messages), session=session, retry=retry))


def user(text: str = "Hi") -> Message:
    return Message("user", text)


def called(taken: Taken, result: str = "ok") -> tuple[Message, Message]:
    """What a client appends after an answer with a call: the call and its result."""
    assert isinstance(taken.outcome, Reply)
    (call,) = taken.outcome.calls
    return (
        Message("assistant", "", (CalledTool(call.name, "{}", call.id),)),
        Message("tool", result, call_id=call.id),
    )


def indexes(*takens: Taken) -> list[int | None]:
    return [taken.turn_index for taken in takens]


def test_conversations_that_are_mixed_get_each_their_own_turn(play: Play) -> None:
    played = play(CALL, CALL, SAY)
    firsts = [ask(played, user(str(number))) for number in range(3)]
    seconds = [
        ask(played, user(str(number)), *called(first)) for number, first in enumerate(firsts)
    ]
    assert indexes(*firsts, *seconds) == [0, 0, 0, 1, 1, 1]
    assert [each.claim.position for each in [*firsts, *seconds]] == [0, 1, 2, 3, 4, 5]


def test_two_requests_with_one_history_get_the_same_turn_at_positions_of_their_own(
    play: Play,
) -> None:
    played = play(CALL, SAY)
    one, other = ask(played, user()), ask(played, user())
    assert indexes(one, other) == [0, 0]
    assert one.outcome != other.outcome, "their call ids differ"
    assert (one.claim.position, other.claim.position) == (0, 1)


def test_made_ids_say_where_the_conversation_stands(play: Play) -> None:
    played = play(SAY, CALL)
    taken = ask(played, user(), Message("assistant", "Done."), user("More."))
    assert isinstance(taken.outcome, Reply)
    generation = f"{taken.claim.generation:016x}"
    assert taken.outcome.calls[0].id == f"call_llmsim_{generation[:6]}_0_0_1_0"
    assert taken.marks == (generation, "0", "0", "1")


def test_a_made_call_id_fits_into_the_40_characters_that_the_apis_take(play: Play) -> None:
    played = play(*[CALL] * 200)
    first = ask(played, user())
    assert isinstance(first.outcome, Reply)
    longest = first.outcome.calls[0].id.replace("_0_0_0_0", "_9999999_0_199_99")
    assert len(longest) < 40


def test_an_error_behind_a_call_comes_once_however_often_the_request_is_repeated(
    play: Play,
) -> None:
    played = play(CALL, RATE_LIMIT, TIMEOUT, SAY)
    first = ask(played, user())
    repeated = [ask(played, user(), *called(first)) for _ in range(5)]
    assert indexes(*repeated) == [1, 2, 3, 3, 3]
    assert [each.tried for each in repeated] == [0, 1, 2, 3, 4]


def test_each_conversation_has_the_errors_for_itself(play: Play) -> None:
    played = play(CALL, RATE_LIMIT, SAY)
    firsts = [ask(played, user()) for _ in range(4)]
    for _ in range(2):
        seconds = [ask(played, user(), *called(first)) for first in firsts]
    assert indexes(*seconds) == [2] * 4
    assert sum(isinstance(each.outcome, Failure) for each in seconds) == 0


def test_prompts_of_their_own_have_each_their_first_error(play: Play) -> None:
    played = play(RATE_LIMIT, SAY)
    for number in range(5):
        assert indexes(*(ask(played, user(str(number))) for _ in range(2))) == [0, 1]


def test_equal_first_requests_share_their_errors_in_turn(play: Play) -> None:
    played = play(RATE_LIMIT, TIMEOUT, SAY)
    assert indexes(*(ask(played, user()) for _ in range(7))) == [0, 1, 2, 0, 1, 2, 0]


def test_what_a_client_says_of_its_retries_counts(play: Play) -> None:
    played = play(RATE_LIMIT, TIMEOUT, SAY)
    assert indexes(*(ask(played, user(), retry=retry) for retry in (1, 2, 3, 7))) == [1, 2, 2, 2]


def test_users_one_after_another_with_the_same_words_get_each_their_error(play: Play) -> None:
    played = play(RATE_LIMIT, SAY)
    for _ in range(4):
        assert indexes(ask(played, user()), ask(played, user(), retry=1)) == [0, 1]


def test_a_client_that_says_nothing_of_retries_behind_a_call_needs_not_to(play: Play) -> None:
    played = play(CALL, RATE_LIMIT, SAY)
    first = ask(played, user())
    assert indexes(*(ask(played, user(), *called(first), retry=1) for _ in range(2))) == [1, 2]


@pytest.mark.parametrize(
    ("on_exhausted", "played"),
    [("repeat_last", [2, 2]), ("error", [None, None]), ("loop", [0, 0])],
)
def test_beyond_the_last_step_on_exhausted_applies(
    play: Play, on_exhausted: str, played: list[int | None]
) -> None:
    playback = play(SAY, RATE_LIMIT, SAY, on_exhausted=on_exhausted)
    history = [user(), Message("assistant", "Done."), user(), Message("assistant", "Done."), user()]
    assert indexes(*(ask(playback, *history) for _ in range(2))) == played


def test_a_reset_in_mid_conversation_goes_on_at_its_step(play: Play) -> None:
    played = play(CALL, RATE_LIMIT, SAY)
    first = ask(played, user())
    before = [ask(played, user(), *called(first)) for _ in range(2)]
    played.store.reset("s")
    after = [ask(played, user(), *called(first)) for _ in range(2)]
    assert indexes(*before, *after) == [1, 2, 1, 2]
    assert after[0].claim.position == 0


def test_another_script_in_mid_conversation_goes_on_at_its_step(play: Play) -> None:
    played = play(CALL, SAY)
    first = ask(played, user())
    new = script(SAY, {"type": "assistant", "text": "new"})
    played.put_script("s", Checked.of(new))
    taken = ask(played, user(), *called(first))
    assert "'new'" in repr(taken.outcome)


def test_a_session_counts_its_tries_for_itself(play: Play) -> None:
    played = play(RATE_LIMIT, SAY)
    assert indexes(*(ask(played, user(), session=name) for name in "abab")) == [0, 0, 1, 1]


def test_a_step_with_nothing_to_spend_counts_nothing(play: Play) -> None:
    played = play(SAY, RATE_LIMIT, SAY)
    assert [ask(played, user()).tried for _ in range(3)] == [None] * 3


# What tells one history from another


HISTORY = (Message("system", "Be brief."), user("Hi"), Message("assistant", "Yes?"), user("Go."))
OTHERS: dict[str, tuple[int, tuple[Message, ...]]] = {
    "another step": (2, HISTORY),
    "another text": (1, (*HISTORY[:3], user("Stop."))),
    "another role": (1, (*HISTORY[:3], Message("tool", "Go."))),
    "another call": (1, (*HISTORY, Message("assistant", "", (CalledTool("f", "{}", "a"),)))),
    "another result": (1, (*HISTORY, Message("tool", "", call_id="a"))),
    "another place of the same words": (1, (*HISTORY[:2], user("Yes?"), HISTORY[3])),
    "fewer messages": (1, HISTORY[:3]),
    "a lone surrogate": (1, (*HISTORY[:3], user("\ud83d"))),
}


@pytest.mark.parametrize(("step", "messages"), OTHERS.values(), ids=OTHERS)
def test_another_history_has_another_key(step: int, messages: tuple[Message, ...]) -> None:
    key = tries_key(Standing(step), messages)
    assert key != tries_key(Standing(1), HISTORY)
    assert len(key) == 16


def test_another_made_id_is_another_conversation_whatever_is_said() -> None:
    one, other = (Standing(1, newest=f"msg_{at}") for at in range(2))
    assert tries_key(one, HISTORY) != tries_key(other, HISTORY)


def test_what_stands_before_the_made_id_does_not_count() -> None:
    standing = Standing(1, begins=2, mark=Mark(0))
    changed = (Message("system", "Be brief. Now!"), user("Hi?"), *HISTORY[2:])
    assert tries_key(standing, HISTORY) == tries_key(standing, changed)


def test_arguments_that_were_written_anew_are_the_same_history() -> None:
    one, other = (
        Message("assistant", "", (CalledTool("f", arguments, "a"),))
        for arguments in ('{"a":1}', '{"a": 1}')
    )
    assert tries_key(Standing(1), (one,)) == tries_key(Standing(1), (other,))


def read(api: str, **body: Any) -> tuple[Message, ...]:
    return RENDERERS[api].read({"model": "m", "max_tokens": 9, **body}).conversation.messages


def test_values_in_another_order_are_the_same_history() -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    turned = dict(reversed(item.items()))
    one, other = read("responses", input=[item]), read("responses", input=[turned])
    assert tries_key(Standing(1), one) == tries_key(Standing(1), other)


def test_a_mark_of_a_cache_and_a_text_as_parts_leave_the_history_as_it_is() -> None:
    """As an agent marks its last message alone: in the next request the mark has moved on."""
    result = {"type": "tool_result", "tool_use_id": "t", "content": "ok"}
    marked = {
        **result,
        "content": [{"type": "text", "text": "ok"}],
        "cache_control": {"type": "ephemeral"},
    }
    one, other = (
        read("anthropic", messages=[{"role": "user", "content": [block]}])
        for block in (result, marked)
    )
    assert tries_key(Standing(1), one) == tries_key(Standing(1), other)
