"""What a turn takes in which the model answers: reasoning, how it finishes, what it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llmsim.conversation import Conversation, Message, Request
from llmsim.reply import FINISH_REASONS, Reasoning, Refusal, Reply, Text, TokenCounts, ToolCall
from llmsim.script import Assistant, Call, Echo, Lorem, Mixed, Script, Template, ToolCalls, Usage
from llmsim.script import Refusal as RefusalTurn
from llmsim.script.turns import TURN_TYPES, Error, Turn
from llmsim.script.turns.replying import Replying
from llmsim.usage import completion_tokens, prompt_tokens, usage_of
from tests.each import for_each
from tests.script.samples import BARE_TURNS, EXTRA_KEYS, turn

Maker = Callable[..., Turn]

HI = Request(Conversation(messages=(Message("user", "Hi"),)))
CALLED = ToolCall("call_llmsim_7_0", "a", {}, "{}")

MAKERS: dict[str, tuple[Maker, tuple[Any, ...]]] = {
    "assistant": (lambda **more: Assistant("x", **more), (Text("x"),)),
    "tool_calls": (lambda **more: ToolCalls([Call("a")], **more), (CALLED,)),
    "tool_calls with ids": (
        lambda **more: ToolCalls([Call("a", id="1")], **more),
        (ToolCall("1", "a", {}, "{}"),),
    ),
    "mixed": (lambda **more: Mixed("x", [Call("a")], **more), (Text("x"), CALLED)),
    "refusal": (lambda **more: RefusalTurn("x", **more), (Refusal("x"),)),
    "echo": (lambda **more: Echo("> ", **more), (Text("> Hi"),)),
    "template": (lambda **more: Template("{{ last }}!", **more), (Text("Hi!"),)),
    "lorem": (lambda **more: Lorem(3, **more), (Text("for at by"),)),
}
on_every_turn = pytest.mark.parametrize(("make", "blocks"), MAKERS.values(), ids=MAKERS.keys())


def played(turn: Turn) -> Reply:
    reply = turn.play("7", HI)
    assert isinstance(reply, Reply)
    return reply


def test_these_are_all_the_turns_in_which_the_model_answers() -> None:
    answering = {schema.makes for schema in TURN_TYPES.values() if schema.makes is not Error}
    assert {type(make()) for make, _ in MAKERS.values()} == answering
    assert all(issubclass(each, Replying) for each in answering)
    assert set(BARE_TURNS) == set(TURN_TYPES) - {"error"}


@on_every_turn
def test_without_them_a_turn_answers_its_blocks_alone(make: Maker, blocks: tuple[Any, ...]) -> None:
    reply = played(make())
    assert (reply.blocks, reply.finish, reply.reasoning) == (blocks, None, None)
    assert reply.finish_reason == ("tool_calls" if reply.calls else "stop")


@on_every_turn
@pytest.mark.parametrize("reasoning", ["Let me think.", ""])
def test_the_reasoning_comes_first(make: Maker, blocks: tuple[Any, ...], reasoning: str) -> None:
    reply = played(make(reasoning=reasoning))
    assert reply.blocks == (Reasoning(reasoning), *blocks)
    assert reply.reasoning == reasoning


@on_every_turn
@pytest.mark.parametrize("word", FINISH_REASONS)
def test_the_finish_reason_may_be_any_on_any_turn_and_changes_nothing_else(
    make: Maker, blocks: tuple[Any, ...], word: str
) -> None:
    reply = played(make(finish_reason=word))
    assert (reply.blocks, reply.finish_reason) == (blocks, word)


@on_every_turn
def test_a_usage_is_taken_as_far_as_it_goes(make: Maker, blocks: tuple[Any, ...]) -> None:
    counted = usage_of(HI.conversation, played(make(reasoning="so it is")))
    assert (counted.prompt, counted.reasoning, counted.cached) == (
        prompt_tokens(HI.conversation),
        3,
        0,
    )
    assert counted.completion == completion_tokens(Reply(blocks)) + 3

    def given(**figures: int) -> tuple[int, ...]:
        usage = usage_of(
            HI.conversation, played(make(reasoning="so it is", usage=Usage(**figures)))
        )
        return usage.prompt, usage.completion, usage.reasoning, usage.cached

    assert given(prompt_tokens=1, completion_tokens=2, reasoning_tokens=3, cached_tokens=4) == (
        1,
        2,
        3,
        4,
    )
    assert given(prompt_tokens=0, completion_tokens=0, reasoning_tokens=0, cached_tokens=0) == (
        0,
        0,
        0,
        0,
    )
    assert given() == (counted.prompt, counted.completion, 3, 0)
    assert given(prompt_tokens=1) == (1, counted.completion, 3, 0)
    assert given(completion_tokens=2) == (counted.prompt, 2, 3, 0)
    assert given(reasoning_tokens=9) == (counted.prompt, counted.completion, 9, 0)
    assert given(cached_tokens=4) == (counted.prompt, counted.completion, 3, 4)


def test_the_total_is_the_prompt_and_the_completion() -> None:
    assert (
        usage_of(HI.conversation, played(Assistant("x", usage=Usage(120_000, 7, 3, 100_000)))).total
        == 120_007
    )


@for_each("name", [*BARE_TURNS])
@for_each("key", [*EXTRA_KEYS])
def test_the_keys_of_a_file_reach_the_reply(name: str, key: str) -> None:
    bare = played(Script.from_json(turn(BARE_TURNS[name] + "}")).turns[0])
    reply = played(Script.from_json(turn(f"{BARE_TURNS[name]}, {EXTRA_KEYS[key]}}}")).turns[0])
    if key == "reasoning":
        assert (reply.reasoning, reply.blocks[1:]) == ("because", bare.blocks)
    elif key == "usage":
        assert (reply.tokens, reply.blocks) == (TokenCounts(1, 2, 3, 4), bare.blocks)
    else:
        assert (reply.finish, reply.blocks) == (key.split()[1], bare.blocks)


def test_turns_that_differ_in_one_of_them_are_different() -> None:
    turns = [
        Assistant("x"),
        Assistant("x", reasoning=""),
        Assistant("x", reasoning="r"),
        Assistant("x", finish_reason="stop"),
        Assistant("x", usage=Usage()),
        Assistant("x", usage=Usage(prompt_tokens=0)),
        Assistant("x", usage=Usage(cached_tokens=0)),
        RefusalTurn("x"),
    ]
    assert len(set(turns)) == len(turns)
    assert len({Script([each]).canonical() for each in turns}) == len(turns)
