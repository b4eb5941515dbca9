"""What the protocol check costs, where the history of a tool loop has 50 messages.

For bodies that come again, which are checked once, and for those that do not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from tests.benchmarks.benchmark import Benchmark, Conclusion, Samples, Variant, median_ratio
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, MESSAGES, RESPONSES, each_new, hello
from tests.benchmarks.servers import ask, folder, llmsim_server

_AGAIN, _NEW = "the same body", "a new body each time"
_LEAST = {_AGAIN: 0.95, _NEW: 0.9}
_CALLS = 25  # each with its result, a message each: 50
_ARGUMENTS = {"command": "ls -la", "description": "What is here"}
_RESULT = "total 2: a.txt, b.txt. " * 10


class Protocol(Benchmark):
    """See the module."""

    name = "protocol"
    help = "plain requests per second of a tool loop of 50 messages with the protocol check and off"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with (
            folder() as place,
            llmsim_server(place, hello(place)) as on,
            llmsim_server(place, hello(place), LLMSIM_PROTOCOL="off") as off,
        ):
            yield [
                Variant(f"{name}, {which}, {word}", partial(ask, server, path, bodies))
                for name, (path, body) in _BODIES.items()
                for which, bodies in ((_AGAIN, [json.dumps(body)]), (_NEW, each_new(body)))
                for word, server in (("checked", on), ("off", off))
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        return [
            Conclusion(
                f"{name}, {which}: requests/s with the check over those without",
                median_ratio(
                    samples[f"{name}, {which}, checked"],
                    samples[f"{name}, {which}, off"],
                    "requests/s",
                ),
                least=least,
            )
            for name in _BODIES
            for which, least in _LEAST.items()
        ]


def _chat() -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "What is here?"}]
    for number in range(_CALLS):
        function = {"name": "bash", "arguments": json.dumps(_ARGUMENTS)}
        call = {"id": f"call_{number}", "type": "function", "function": function}
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call["id"], "content": _RESULT},
        ]
    tool = {"type": "function", "function": {"name": "bash", "parameters": {"type": "object"}}}
    return {"model": "llmsim", "messages": messages, "tools": [tool]}


def _responses() -> dict[str, Any]:
    items: list[dict[str, Any]] = [{"role": "user", "content": "What is here?"}]
    for number in range(_CALLS):
        call = {"call_id": f"call_{number}", "name": "bash", "arguments": json.dumps(_ARGUMENTS)}
        output = {"call_id": call["call_id"], "output": _RESULT}
        items += [{"type": "function_call", **call}, {"type": "function_call_output", **output}]
    tool = {"type": "function", "name": "bash", "parameters": {"type": "object"}}
    return {"model": "llmsim", "input": items, "tools": [tool]}


def _messages() -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": "What is here?"}]
    for number in range(_CALLS):
        call = {"type": "tool_use", "id": f"toolu_{number}", "name": "bash", "input": _ARGUMENTS}
        result = {"type": "tool_result", "tool_use_id": call["id"], "content": _RESULT}
        messages += [
            {"role": "assistant", "content": [call]},
            {"role": "user", "content": [result]},
        ]
    tool = {"name": "bash", "input_schema": {"type": "object"}}
    return {"model": "llmsim", "max_tokens": 100, "messages": messages, "tools": [tool]}


_BODIES = {
    "chat": (CHAT, _chat()),
    "responses": (RESPONSES, _responses()),
    "messages": (MESSAGES, _messages()),
}
