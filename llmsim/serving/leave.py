"""How an answer leaves whose turn asks for a way of its own: its bytes, with their times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

from llmsim.apis.renderer import Call, Renderer, Stamp
from llmsim.delivery import Leaving
from llmsim.json_text import ascii_json, raw_json
from llmsim.part import RESET, Part
from llmsim.playback import Taken
from llmsim.reply import NO_ANSWER, STREAM_FAILURE, Failure, Reply
from llmsim.script.faults import name_of
from llmsim.script.gate import Gate
from llmsim.usage import completion_tokens, prompt_tokens


def failed(call: Call, taken: Taken, body: Iterable[bytes]) -> Leaving:
    """An error: where its turn says so, it waits as long as a first token does."""
    pace = taken.delivery.pace(prompt_tokens(call.conversation))
    waits = None if pace is None else pace.waits()
    if isinstance(taken.outcome, Failure) and taken.outcome.status == NO_ANSWER:
        return no_answer(waits, taken.delivery.gate)
    return Leaving(_whole(taken, body), waits, _fault(taken), taken.delivery.gate)


def no_answer(waits: Iterator[float] | None = None, gate: Gate | None = None) -> Leaving:
    """No HTTP answer at all: the connection is reset."""
    return Leaving([Part(b"", content=True, then=RESET)], waits, None, gate)


def plain(taken: Taken, reply: Reply, stamp: Stamp, body: Iterable[bytes]) -> Leaving:
    """A plain answer: it waits for as long as all of its tokens take."""
    pace = taken.delivery.pace(stamp.usage.prompt)
    waits = None if pace is None else iter([pace.whole(completion_tokens(reply))])
    return Leaving(_whole(taken, body), waits, _fault(taken), taken.delivery.gate)


def streamed(
    renderer: Renderer, call: Call, taken: Taken, stamp: Stamp, frames: Iterable[Part]
) -> Leaving:
    """A stream that has these frames: each chunk leaves when it is time."""
    pace, fault = taken.delivery.pace(stamp.usage.prompt), taken.delivery.fault

    def error(sent: int) -> bytes:
        failure = renderer.in_own_words(STREAM_FAILURE)
        events = renderer.broken_off(failure, call, stamp, sent)
        return b"".join(event.frame() for event in events)

    parts = frames if fault is None else fault.streamed(frames, error)
    return Leaving(
        parts, None if pace is None else pace.waits(), _fault(taken), taken.delivery.gate
    )


def is_raw(taken: Taken) -> bool:
    """Whether the fault of a turn asks for JSON that is not escaped."""
    fault = taken.delivery.fault
    return fault is not None and fault.is_raw


def encoder(taken: Taken) -> Callable[[Any], bytes]:
    """What writes a plain answer's JSON."""
    return raw_json if is_raw(taken) else ascii_json


def _whole(taken: Taken, body: Iterable[bytes]) -> Iterator[Part]:
    fault, whole = taken.delivery.fault, b"".join(body)
    parts = iter([Part(whole)] if fault is None else fault.whole(whole))
    return chain([next(parts)._replace(content=True)], parts)


def _fault(taken: Taken) -> str | None:
    fault = taken.delivery.fault
    return None if fault is None else name_of(fault)
