"""What one choice of a chat answer says: whole, and in deltas.

`openai.types.chat.ChatCompletionMessage`, and `ChoiceDelta` of
`openai.types.chat.ChatCompletionChunk`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from llmsim.apis.custom_tools import custom_input
from llmsim.apis.logprobs import logprobs
from llmsim.apis.renderer import Shape
from llmsim.reply import Reply, ToolCall
from llmsim.tokens import pieces

Json = dict[str, Any]


class Delta(NamedTuple):
    """A chunk's `delta` and its `finish_reason`; `content` as in `Event`."""

    said: Json
    finish_reason: str | None = None
    content: bool = True


_RATED = ("content", "refusal")  # what log probabilities are given for


def in_choice(reply: Reply, index: int) -> Reply:
    """The reply as it stands in the `index`-th choice: with call ids of its own.

    Agents that see one id twice tend to skip the second call.
    """
    if not index or not reply.calls:
        return reply
    blocks = tuple(
        replace(block, id=f"{block.id}_{index}") if isinstance(block, ToolCall) else block
        for block in reply.blocks
    )
    return replace(reply, blocks=blocks)


def finish_reason(reply: Reply, shape: Shape) -> str:
    """The API's word for how the reply ends."""
    reason = reply.finish_reason
    return "function_call" if shape.legacy_functions and reason == "tool_calls" else reason


def message(reply: Reply, shape: Shape) -> Json:
    """The whole message.

    Calls and `reasoning_content` are there only with something in them, as in the APIs' own
    answers.

    `reasoning_content` is no part of OpenAI's API: DeepSeek, vLLM and others send it so, and agent
    frameworks read it.
    """
    said: Json = {
        "role": "assistant",
        "content": reply.text,
        "refusal": reply.refusal,
        "annotations": [],
    }
    if reply.reasoning is not None:
        said["reasoning_content"] = reply.reasoning
    if reply.calls and shape.legacy_functions:
        said |= _function_call(reply.calls[0], reply.calls[0].arguments_json)
    elif reply.calls:
        said["tool_calls"] = [_tool_call(call, shape) for call in reply.calls]
    return said


def deltas(reply: Reply, shape: Shape) -> Iterator[Delta]:
    """The same in pieces. Role, call ids and names come once each.

    Clients join what they get twice ("assistantassistant").
    """
    first: Json = {
        "role": "assistant",
        "content": None if reply.text is None else "",
        "refusal": None if reply.refusal is None else "",
    }
    if reply.reasoning is not None:
        first["reasoning_content"] = ""
    yield Delta(first, content=False)
    for key, text in (
        ("reasoning_content", reply.reasoning),
        ("content", reply.text),
        ("refusal", reply.refusal),
    ):
        for piece in pieces(text or ""):
            yield Delta({key: piece})
    for delta in _function_deltas(reply) if shape.legacy_functions else _tool_deltas(reply, shape):
        yield Delta(delta)
    yield Delta({}, finish_reason(reply, shape), content=False)


def message_logprobs(reply: Reply, shape: Shape) -> Json | None:
    """The log probabilities of a whole message, where they were asked for and it has words."""
    if not shape.logprobs:
        return None
    texts = {"content": reply.text, "refusal": reply.refusal}
    return _logprobs({key: pieces(text) for key, text in texts.items() if text is not None}, shape)


def delta_logprobs(delta: Json, shape: Shape) -> Json | None:
    """Those of a delta; the first one, which has no words yet, says that there are none so far."""
    if not shape.logprobs:
        return None
    texts = {key: delta[key] for key in _RATED if delta.get(key) is not None}
    return _logprobs({key: [text] if text else [] for key, text in texts.items()}, shape)


def _logprobs(told: Mapping[str, Iterable[str]], shape: Shape) -> Json | None:
    if not told:
        return None
    return {
        key: logprobs(told[key], alternatives=shape.alternatives) if key in told else None
        for key in _RATED
    }


class _Called(NamedTuple):
    """A call in the API's words: its type, and the name and text that stand below that type."""

    type: str
    name: str
    text_key: str
    text: str

    def described(self, text: str) -> Json:
        return {"name": self.name, self.text_key: text}


def _called(call: ToolCall, shape: Shape) -> _Called:
    if call.name in shape.custom_tools:
        return _Called("custom", call.name, "input", custom_input(call))
    return _Called("function", call.name, "arguments", call.arguments_json)


def _tool_call(call: ToolCall, shape: Shape) -> Json:
    called = _called(call, shape)
    return {"id": call.id, "type": called.type, called.type: called.described(called.text)}


def _tool_deltas(reply: Reply, shape: Shape) -> Iterator[Json]:
    for index, call in enumerate(reply.calls):
        called = _called(call, shape)
        head = {"index": index, "id": call.id, "type": called.type}
        yield {"tool_calls": [{**head, called.type: called.described("")}]}
        for piece in pieces(called.text):
            yield {"tool_calls": [{"index": index, called.type: {called.text_key: piece}}]}


def _function_call(call: ToolCall, arguments: str) -> Json:
    return {"function_call": {"name": call.name, "arguments": arguments}}


def _function_deltas(reply: Reply) -> Iterator[Json]:
    """The first call: before there were tools, an answer had room for one."""
    for call in reply.calls[:1]:
        yield _function_call(call, "")
        for piece in pieces(call.arguments_json):
            yield {"function_call": {"arguments": piece}}
