"""`bad_arguments`: the model calls tools with arguments that are no JSON."""

from __future__ import annotations

from dataclasses import dataclass, replace

from llmsim.reply import Failure, Reply, ToolCall
from llmsim.script.faults.fault import Fault, FaultSchema

_CLOSED = ("}", "]", '"')


@dataclass(frozen=True, slots=True)
class BadArguments(Fault):
    """The arguments of every call are no JSON."""

    def outcome(self, played: Reply | Failure, *, stream: bool) -> Reply | Failure:  # noqa: ARG002
        """See `Fault.outcome`."""
        if not isinstance(played, Reply):
            return played
        blocks = tuple(
            _broken(block) if isinstance(block, ToolCall) else block for block in played.blocks
        )
        return replace(played, blocks=blocks)


def _broken(call: ToolCall) -> ToolCall:
    text = call.arguments_json
    text = text[:-1] if text.endswith(_CLOSED) else f"{text},"
    return replace(call, arguments=text, arguments_json=text, is_json=False)


class BadArgumentsSchema(FaultSchema):
    """The arguments of every call are no JSON."""

    makes = BadArguments
