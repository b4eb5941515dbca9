"""Where a conversation stands, by what clients send back."""

from __future__ import annotations

from typing import Any

import pytest

from llmsim import Script
from llmsim.apis import APIS
from llmsim.playback.standing import Reader, Standing
from llmsim.playback.steps import Steps
from tests.each import for_each

RENDERERS = {api.renderer.name: api.renderer for api in APIS}
MARK = "00c0ff_7_0"  # generation, position, track; the step follows
ITEM = "00c0ffee00c0ffee_7_0"

TURNS: list[dict[str, Any]] = [
    {"type": "assistant", "text": "Done."},
    {"type": "assistant", "text": "Bye."},
    {"type": "tool_calls", "calls": [{"name": "bash", "arguments": {}}]},
    {"type": "mixed", "text": "Look.", "calls": [{"name": "bash", "arguments": {}}]},
]


def standing(api: str, history: list[Any], turns: Any = TURNS, **keys: Any) -> Standing:
    """Where a conversation with this history stands."""
    body = {"model": "m", "max_tokens": 9, "messages": history, "input": history}
    script = Script.from_spec({"order": "history", "turns": turns, **keys})
    conversation = RENDERERS[api].read(body).conversation
    return Reader(script, Steps(script)).standing(conversation)


def user(text: str = "Hi") -> dict[str, Any]:
    return {"role": "user", "content": text}


def said(text: str | None, *ids: str, **more: Any) -> dict[str, Any]:
    """An assistant message of Chat."""
    calls = [
        {"id": name, "type": "function", "function": {"name": "bash", "arguments": "{}"}}
        for name in ids
    ]
    return {"role": "assistant", "content": text, **({"tool_calls": calls} if ids else {}), **more}


def result(name: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": name, "content": "ok"}


def made(step: int, call: int = 0) -> str:
    return f"call_llmsim_{MARK}_{step}_{call}"


def function_call(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "function_call", "call_id": name, "name": "bash", "arguments": "{}", **more}


def output(name: str) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": name, "output": "ok"}


CHAT: dict[str, tuple[list[Any], int]] = {
    "nothing was said": ([user()], 0),
    "a call and its result": ([user(), said(None, made(0)), result(made(0))], 1),
    "content null, absent or empty": (
        [
            user(),
            said("", made(0)),
            result(made(0)),
            {"role": "assistant", "tool_calls": said(None, made(1))["tool_calls"]},
            result(made(1)),
        ],
        2,
    ),
    "parallel calls of one turn": (
        [user(), said("Look.", made(1, 0), made(1, 1)), result(made(1, 0)), result(made(1, 1))],
        2,
    ),
    "parallel calls that a client took apart": (
        [user(), said(None, made(1, 0)), result(made(1, 0)), said(None, made(1, 1)), result("x")],
        2,
    ),
    "two answers in one message": ([user(), said("a\nb", made(0), made(1)), result(made(1))], 2),
    "a text behind a call": (
        [user(), said(None, made(1)), result(made(1)), said("Done."), user("More.")],
        3,
    ),
    "the result alone, its call cut from the history": ([user(), result(made(1))], 2),
    "a history that was cut in front": ([user(), said(None, made(1)), result(made(1))], 2),
    "answers without ids": ([user(), said("Done."), user("More."), said("Bye."), user("?")], 2),
    "adjacent assistant messages are one answer": ([user(), said("Do"), said("ne."), user()], 1),
    "adjacent answers of several agents, each with its name": (
        [user(), said("Done.", name="a"), said("Bye.", name="b"), said("Done.", name="a")],
        3,
    ),
    "a name that only one of two messages has": (
        [user(), said("Do", name="a"), said("ne."), user()],
        1,
    ),
    "an agent's call behind another agent's answer": (
        [user(), said("Done.", name="a"), said(None, made(1), name="b"), result(made(1))],
        2,
    ),
    "another agent's answer just behind a call": (
        [user(), said(None, made(1), name="a"), said("Done.", name="b"), user()],
        3,
    ),
    "a call that the framework made itself": (
        [user(), said(None, made(0)), result(made(0)), said("Back.", "uuid"), result("uuid")],
        1,
    ),
    "such a call where no id came back": (
        [user(), said(None, "a"), result("a"), said(None, "b"), result("b")],
        2,
    ),
    "a system message at the end": (
        [user(), said("Done."), user("More."), {"role": "system", "content": "Be brief."}],
        1,
    ),
    "a prefill": ([user(), said("Done."), user(), said("I would")], 1),
    "a turn's whole text at the end": ([user(), said("Done.")], 1),
    "a text that was stripped": ([user(), said("  Done.\n"), user()], 1),
    "a text that was dropped beside a call": (
        [user(), said(None, made(0)), result(made(0)), said(None, made(1)), result(made(1))],
        2,
    ),
    "a text that nobody served beside a call": (
        [user(), said("[System: empty]", made(0)), result(made(0))],
        1,
    ),
    "calls and results as text": (
        [
            user(),
            said(f"Calling tools:\n[{{'id': '{made(0)}', 'function': 'bash'}}]"),
            user("Observation:\nok"),
        ],
        1,
    ),
    "examples before the first id": (
        [user(), said("Example."), user(), said("Example."), user(), said(None, made(0)), user()],
        1,
    ),
    "two turns that were merged": (
        [user(), said(None, made(0), made(1)), user()],
        2,
    ),
    "a text beside a call is no prefill": ([user(), said("Look here.", "toolu_9")], 1),
    "ids in what the user said": ([user(f"What was {made(2)}?")], 0),
}

RESPONSES: dict[str, tuple[list[Any], int]] = {
    "a text and two calls are three items and one answer": (
        [
            user(),
            {"type": "message", "role": "assistant", "content": "Look."},
            function_call("a"),
            function_call("b"),
            output("a"),
            output("b"),
        ],
        1,
    ),
    "item ids come back": (
        [user(), {"role": "assistant", "content": "Done.", "id": f"msg_llmsim_{ITEM}_2"}, user()],
        3,
    ),
    "the id of a call's item": (
        [user(), function_call("x", id=f"fc_llmsim_{ITEM}_1_0"), output("x")],
        2,
    ),
    "the id of a custom call's item": (
        [
            user(),
            {
                "type": "custom_tool_call",
                "id": f"ctc_llmsim_{ITEM}_1_0",
                "call_id": "x",
                "name": "p",
                "input": "",
            },
            user(),
        ],
        2,
    ),
    "a pointer in place of a text": (
        [user(), {"type": "item_reference", "id": f"msg_llmsim_{ITEM}_2"}, user()],
        3,
    ),
    "a pointer without its type": ([user(), {"id": f"msg_llmsim_{ITEM}_2"}, user()], 3),
    "a pointer to what somebody else made": (
        [user(), {"type": "item_reference", "id": "msg_1"}, user()],
        1,
    ),
    "reasoning is a part of its answer": (
        [
            user(),
            {"type": "reasoning", "summary": [], "id": "rs_1"},
            {"type": "message", "role": "assistant", "content": "Done."},
            user(),
        ],
        1,
    ),
    "a custom call": (
        [user(), {"type": "custom_tool_call", "call_id": made(0), "name": "p", "input": "x"}],
        1,
    ),
    "a result between two calls of one turn": (
        [user(), function_call(made(1, 0)), output("x"), function_call(made(1, 1)), output("y")],
        2,
    ),
}


@for_each(("history", "step"), CHAT)
def test_a_chat_history_says_the_step(history: list[Any], step: int) -> None:
    assert standing("chat", history).step == step


@for_each("api", ["responses", "openresponses"])
@for_each(("history", "step"), RESPONSES)
def test_a_responses_history_says_the_step(api: str, history: list[Any], step: int) -> None:
    assert standing(api, history).step == step


def test_a_previous_response_stands_for_the_history_before_it() -> None:
    assert step_behind_a_response(output("x"), user()) == 2


def test_an_answer_beside_the_previous_response_is_another_one() -> None:
    done, bye = {"role": "assistant", "content": "Done."}, {"role": "assistant", "content": "Bye."}
    assert step_behind_a_response(done) == 3
    assert step_behind_a_response(done, user(), bye, user()) == 4
    assert step_behind_a_response({"role": "assistant", "content": "I would"}) == 2  # a prefill


def step_behind_a_response(*items: dict[str, Any]) -> int:
    """Where a conversation stands that goes on from the answer of step 1 with these items."""
    body = {"model": "m", "previous_response_id": f"resp_llmsim_{ITEM}_1", "input": [*items]}
    script = Script.from_spec({"turns": TURNS})
    conversation = RENDERERS["responses"].read(body).conversation
    return Reader(script, Steps(script)).standing(conversation).step


ANTHROPIC: dict[str, tuple[list[Any], int]] = {
    "a tool use and its result": (
        [
            user(),
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": made(0), "name": "bash", "input": {}}],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": made(0), "content": "ok"}],
            },
        ],
        1,
    ),
    "results and a question in one message": (
        [
            user(),
            {"role": "assistant", "content": "Done."},
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": made(1), "content": []},
                    {"type": "text", "text": "More."},
                ],
            },
        ],
        2,
    ),
    "the role system at the end": (
        [user(), {"role": "assistant", "content": "Done."}, {"role": "system", "content": "x"}],
        1,
    ),
    "a prefill": ([user(), {"role": "assistant", "content": "{"}], 0),
}


@pytest.mark.parametrize(("history", "step"), ANTHROPIC.values(), ids=ANTHROPIC)
def test_a_messages_history_says_the_step(history: list[Any], step: int) -> None:
    assert standing("anthropic", history).step == step


# Ids that the script gives


def scripted(name: str) -> dict[str, Any]:
    call = {"name": "bash", "arguments": {}, "id": name}
    return {"type": "tool_calls", "calls": [call]}


def test_an_id_of_one_turn_alone_says_its_step() -> None:
    turns = [{"type": "assistant", "text": "a"}, scripted("call_42"), TURNS[2]]
    history = [user(), said(None, "call_42"), result("call_42")]
    assert standing("chat", history, turns).step == 2


@pytest.mark.parametrize("on_exhausted", ["loop", "repeat_last"])
def test_an_id_that_goes_out_again_says_nothing(on_exhausted: str) -> None:
    turns = [TURNS[2], scripted("call_42")]
    history = [user(), said(None, "call_42"), result("call_42")]
    assert standing("chat", history, turns, on_exhausted=on_exhausted).step == 1
    assert standing("chat", history, turns, on_exhausted="error").step == 2


def test_an_id_of_two_turns_says_nothing() -> None:
    turns = [TURNS[2], scripted("call_42"), scripted("call_42"), TURNS[3]]
    history = [user(), said(None, "call_42"), result("call_42")]
    assert standing("chat", history, turns).step == 1


def test_an_id_of_a_turn_that_is_broken_off_says_its_step() -> None:
    broken_off = {**scripted("call_42"), "fault": {"kind": "disconnect"}}
    turns = [TURNS[2], broken_off, TURNS[3]]
    history = [user(), said(None, "call_42"), result("call_42")]
    assert standing("chat", history, turns).step == 2


# Examples in the prompt

SERVICE = [
    {"type": "mixed", "text": "Look.", "calls": [{"name": "bash"}]},
    {"type": "error", "kind": "rate_limit"},
    {"type": "tool_calls", "calls": [{"name": "bash"}]},
    {"type": "assistant", "text": "Done."},
    {"type": "assistant", "text": "Bye."},
]


@for_each("api", ["chat", "responses", "anthropic"])
def test_a_text_that_a_client_kept_without_the_calls_before_it_says_the_step(api: str) -> None:
    """As chat memories do that keep what was said: Spring AI's, and tables of questions."""

    def step(*history: Any, **keys: Any) -> int:
        return standing(api, list(history), SERVICE, **keys).step

    asked = [user(), said(" Done. "), user("And now?")]
    for steps in ("all", "own"):
        assert step(*asked, steps=steps) == 3
        assert step(*asked, said("Bye."), user(), steps=steps) == 4
    for end in ("loop", "repeat_last"):
        assert step(*asked, said("Bye."), user(), on_exhausted=end) == 4
    assert step(user(), said("Look."), user()) == 1  # beside a call: that has an id to say it
    assert step(*asked, said("Of others."), user()) == 4
    assert step(*asked, said("Of others."), user(), steps="own") == 3


def test_a_text_says_the_step_also_behind_a_call_that_the_client_kept() -> None:
    turns = [*SERVICE, *SERVICE[2:3], {"type": "assistant", "text": "Well."}]
    called = [user(), said(None, made(0)), result(made(0)), said("Done."), user()]
    assert standing("chat", called, turns).step == 3
    assert standing("chat", [*called, said("Well."), user()], turns).step == 6


def test_a_text_before_which_no_call_can_be_left_out_is_only_counted() -> None:
    turns = [{"type": "assistant", "text": word} for word in ("Hi.", "Well.", "Done.")]
    shown = [user(), said("Well."), user()]  # an example in the prompt, say
    assert standing("chat", shown, turns).step == 1
    assert standing("chat", shown, [*turns, *SERVICE, *turns]).step == 1
    assert standing("chat", shown, [*SERVICE[:1], *turns]).step == 3


EXAMPLES = [user("2+2?"), said("4"), user("3+3?"), said("6"), user("Hi")]


def test_with_own_steps_answers_of_others_do_not_count() -> None:
    assert standing("chat", EXAMPLES).step == 2
    assert standing("chat", EXAMPLES, steps="own").step == 0
    assert standing("chat", [*EXAMPLES, said(" Done. "), user()], steps="own").step == 1


def test_with_own_steps_calls_of_others_do_not_count() -> None:
    example = [user(), said("Look.", "toolu_1"), result("toolu_1")]
    assert standing("chat", example, steps="own").step == 0
    assert standing("chat", [*example, said(None, made(0)), result(made(0))], steps="own").step == 1


@pytest.mark.parametrize("turns", [[scripted("a")], [scripted("a"), scripted("a"), TURNS[2]]])
def test_with_own_steps_an_id_that_says_no_step_is_still_the_scripts(turns: Any) -> None:
    history = [user(), said(None, "a"), result("a")]
    assert standing("chat", history, turns, steps="own").step == 1
    assert standing("chat", history, turns).foreign_steps == 0


def test_with_own_steps_an_agent_may_put_words_of_its_own_between() -> None:
    """As aider does: examples first, an `Ok.` after each answer, a system message at the end."""
    history = [
        *EXAMPLES[:2],
        {"role": "user", "content": "These are the files."},
        said("Ok."),
        user("Go."),
        said("Done."),
        user("I committed that."),
        said("Ok."),
        user("More."),
        {"role": "system", "content": "Be brief."},
    ]
    assert standing("chat", history, steps="own").step == 1
    assert standing("chat", history).step == 4


def test_with_own_steps_any_text_may_be_that_of_a_turn_made_at_play_time() -> None:
    turns = [{"type": "echo"}, {"type": "echo"}]
    assert standing("chat", [user("x"), said("x"), user("y")], turns, steps="own").step == 1


def test_with_own_steps_values_in_calls_leave_the_texts_as_they_are() -> None:
    call = {"name": "bash", "arguments": {"$value": "last"}}
    turns = [{"type": "mixed", "text": "mine", "calls": [call]}, {"type": "assistant", "text": "x"}]
    assert standing("chat", [user("x"), said("other"), user("y")], turns, steps="own").step == 0
    assert standing("chat", [user("x"), said("mine"), user("y")], turns, steps="own").step == 1


def test_steps_that_are_not_the_scripts_are_told() -> None:
    assert standing("chat", EXAMPLES).foreign_steps == 2
    assert standing("chat", [user(), said("Done."), user()]).foreign_steps == 0
    assert standing("chat", EXAMPLES, steps="own").foreign_steps == 0


# What names the conversation


def test_the_first_made_id_names_the_conversation() -> None:
    history = [user(), said(None, made(0)), result(made(0)), said(None, made(1)), result(made(1))]
    assert standing("chat", history).conversation == made(0)
    assert standing("chat", [user(), said("Done."), user()]).conversation is None


def test_of_an_answers_ids_the_calls_names_it_whichever_come_back() -> None:
    message = {"role": "assistant", "content": "Look.", "id": f"msg_llmsim_{ITEM}_0"}
    call = function_call(made(0), id=f"fc_llmsim_{ITEM}_0_0")
    whole = [user(), message, call, output(made(0))]
    assert standing("responses", whole).conversation == made(0)
    assert standing("responses", [user(), call, output(made(0))]).conversation == made(0)


def test_a_history_with_a_made_id_is_one_conversation_from_that_id_on() -> None:
    found = standing("chat", [user(), said("x"), user(), said(None, made(0)), result(made(0))])
    assert (found.is_one_conversation, found.begins) == (True, 4)
    turns = [scripted("call_42"), TURNS[2]]
    found = standing("chat", [user(), said(None, "call_42"), result("call_42")], turns)
    assert (found.is_one_conversation, found.begins) == (False, 0)


@pytest.mark.parametrize("name", ["call_llmsim_7_0", "call_llmsim_123456_0", "msg_llmsim_1_2"])
def test_ids_of_the_order_by_arrival_say_no_step(name: str) -> None:
    assert standing("chat", [user(), said(None, name), result(name)]).step == 1


@pytest.mark.parametrize(
    "name",
    [
        f"call_llmsim_{MARK}_{'9' * 21}_0",
        f"call_llmsim_{MARK}_{'9' * 5000}_0",
        f"call_llmsim_{MARK}_\N{ARABIC-INDIC DIGIT FIVE}_0",
        f"call_llmsim_{MARK}_5_\N{ARABIC-INDIC DIGIT FIVE}",
        f"call_llmsim_{MARK}_5_0_0_0_0",
        f"call_llmsim_{MARK}_5_0\ud800",
        f"cell_llmsim_{MARK}_5_0",
    ],
)
def test_ids_that_nobody_made_say_no_step(name: str) -> None:
    found = standing("chat", [user(), said(None, name), result(name)])
    assert (found.step, found.mark) == (1, None)


@pytest.mark.parametrize("text", ["a" * 10**6, f"call_llmsim_{MARK}_5" + "_1" * 10**6 + "x"])
def test_a_long_text_is_searched_for_ids_once_and_not_from_each_letter_on(text: str) -> None:
    """To begin anew at each letter would take hours here."""
    assert standing("chat", [user(), said(f"{text} _llmsim_"), user()]).step == 1
