"""What each fault makes of an answer, part by part."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from llmsim.conversation import Request
from llmsim.errors import ScriptInvalidError
from llmsim.part import CLOSE, RESET, Part
from llmsim.reply import Failure, Reply, ToolCall
from llmsim.script import (
    Assistant,
    BadArguments,
    Call,
    Disconnect,
    Duplicate,
    Error,
    Malformed,
    RateLimit,
    Split,
    Stall,
    StreamError,
    ToolCalls,
    Truncate,
)
from llmsim.script.faults import FAULTS, Fault
from tests.each import for_each
from tests.narrowing import of_type

OPENING, END = Part(b'data: {"o":1}\n\n'), Part(b"data: [DONE]\n\n")
CHUNKS = [Part(b'data: {"c":%d}\n\n' % number, content=True) for number in range(4)]
FRAMES = [OPENING, *CHUNKS, END]
BODY = b'{"said":"hello"}'


def error(sent: int) -> bytes:
    return b"data: error after %d\n\n" % sent


def streamed(fault: Fault, frames: Sequence[Part] = FRAMES) -> list[Part]:
    return list(fault.streamed(frames, error))


BROKEN = Part(b'data: {"c":2\n\n', content=True)
RESETS = Part(b"", then=RESET)

STREAMS: dict[str, tuple[Fault, list[Part]]] = {
    "disconnect": (Disconnect(), [*FRAMES[:3], RESETS]),
    "disconnect before content": (Disconnect(after_chunks=0), [OPENING, RESETS]),
    "disconnect after one": (Disconnect(after_chunks=1), [*FRAMES[:2], RESETS]),
    "disconnect after more than there are": (
        Disconnect(after_chunks=9),
        [OPENING, *CHUNKS, RESETS],
    ),
    "truncate": (Truncate(), [OPENING, *CHUNKS]),
    "truncate after one": (Truncate(after_chunks=1), FRAMES[:2]),
    "stall": (
        Stall(ms=500),
        [*FRAMES[:3], CHUNKS[2]._replace(pause=0.5), *FRAMES[4:]],
    ),
    "stall at the end": (
        Stall(after_chunks=4, ms=500),
        [*FRAMES[:5], END._replace(pause=0.5)],
    ),
    "malformed": (Malformed(), [*FRAMES[:3], BROKEN]),
    "stream_error": (StreamError(after_chunks=1), [*FRAMES[:2], Part(error(2))]),
    "duplicate": (
        Duplicate(),
        [*FRAMES[:4], CHUNKS[2]._replace(content=False), *FRAMES[4:]],
    ),
    "bad_arguments": (BadArguments(), FRAMES),
}


@for_each(("fault", "parts"), STREAMS)
def test_a_fault_of_a_stream_is_at_its_place(fault: Fault, parts: list[Part]) -> None:
    assert streamed(fault) == parts


def test_every_fault_takes_a_stream_without_content() -> None:
    for schema in FAULTS.values():
        assert streamed(schema.makes(), [OPENING, END])
    assert streamed(Disconnect(), [OPENING, END]) == [OPENING, RESETS]
    assert streamed(Truncate(), [OPENING, END]) == [OPENING]


WHOLE: dict[str, tuple[Fault, list[Part]]] = {
    "disconnect": (Disconnect(), [Part(BODY[:8], then=RESET)]),
    "truncate": (Truncate(), [Part(BODY[:8], then=CLOSE)]),
    "stall": (Stall(ms=500), [Part(BODY[:8]), Part(BODY[8:], pause=0.5)]),
    "malformed": (Malformed(), [Part(b'{"said":"hello",')]),
    "duplicate": (Duplicate(), [Part(BODY)]),
    "bad_arguments": (BadArguments(), [Part(BODY)]),
}


@for_each(("fault", "parts"), WHOLE)
def test_a_fault_of_a_plain_answer(fault: Fault, parts: list[Part]) -> None:
    assert list(fault.whole(BODY)) == parts


def test_a_malformed_body_is_as_long_as_it_was_and_no_json() -> None:
    (part,) = Malformed().whole(BODY)
    assert len(part.data) == len(BODY)
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(part.data)


def test_a_split_stream_is_whole_and_cut_in_characters_fields_and_blank_lines() -> None:
    frames = [Part("event: x\ndata: {é\U0001f642}\n\n".encode(), content=True)]
    parts = streamed(Split(), frames)
    assert b"".join(part.data for part in parts) == frames[0].data
    assert [part.data for part in parts] == [
        b"event: x\nda",
        b"ta: {\xc3",
        b"\xa9\xf0",
        b"\x9f\x99\x82}\n",
        b"\n",
    ]
    assert [part.pause for part in parts] == [0.005] * 5
    assert [part.content for part in parts] == [True, False, False, False, False]


def test_a_split_body_is_cut_in_the_middle_at_least() -> None:
    assert [part.data for part in Split().whole(BODY)] == [BODY[:8], BODY[8:]]
    cut = [part.data for part in Split().whole('{"a":"é"}'.encode())]
    assert cut == [b'{"a":', b'"\xc3', b'\xa9"}']


@for_each(
    "arguments", [{}, {"a": 1}, [], [1], "x", "", 5, 12, -0.5, None, True, {"a": "é"}, '{"a": 1}']
)
def test_bad_arguments_are_never_json(arguments: object) -> None:
    turn = ToolCalls([Call("a", arguments), Call("b", id="i")], fault=BadArguments())
    reply = of_type(Reply, turn.answer("0", Request()))
    for block in reply.blocks:
        call = of_type(ToolCall, block)
        assert not call.is_json
        assert call.arguments == call.arguments_json
        with pytest.raises(ValueError, match=r"."):
            json.loads(call.arguments_json)
    assert [call.id for call in reply.calls] == ["call_llmsim_0_0", "i"]


def test_a_plain_answer_with_a_stream_error_is_that_error() -> None:
    turn = Assistant("x", fault=StreamError())
    assert of_type(Failure, turn.answer("0", Request())).status == 503
    assert of_type(Reply, turn.answer("0", Request(stream=True))).text == "x"


def test_what_is_broken_off_leaves_no_trace_and_neither_does_an_error() -> None:
    left = {
        name: Assistant("x", fault=schema.makes()).leaves_trace for name, schema in FAULTS.items()
    }
    assert [name for name, trace in left.items() if not trace] == [
        "disconnect",
        "malformed",
        "stream_error",
    ]
    assert Assistant("x").leaves_trace
    assert not Error(RateLimit()).leaves_trace
    assert not Error(RateLimit(), fault=Truncate()).leaves_trace


def test_a_fault_made_in_code_is_checked() -> None:
    for make, problem in (
        (lambda: Disconnect(after_chunks=-1), "$.after_chunks: expected an integer from 0 up"),
        (lambda: Stall(ms=-1), "$.ms: expected a number from 0 to 3600000, got -1"),
        (lambda: Stall(after_chunks=True), "$.after_chunks: expected an integer, got a boolean"),
    ):
        with pytest.raises(ScriptInvalidError) as caught:
            make()
        assert problem in str(caught.value)
