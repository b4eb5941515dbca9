"""Gates in Redis: a hash for each session, changed by one Lua program."""

from __future__ import annotations

from typing import Any

from llmsim.json_text import ascii_json, parse
from llmsim.store.gates import Gate, GateKey, Gates, GateState, Waiter
from llmsim.store.redis.pipeline import Pipeline
from llmsim.store.redis.values import hexed
from llmsim.store.redis.verbs import GATE


class RedisGates(Gates):
    """See `Gates`."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def enter(self, gate: GateKey, who: Waiter, count: int | None) -> int | None:
        """See `Gates.enter`."""
        found: int | None = self._act("enter", gate, ascii_json(who), _or_none(count))
        return found

    def may_pass(self, gate: GateKey, ticket: int) -> bool | None:
        """See `Gates.may_pass`."""
        found = self._act("pass", gate, ticket)
        return None if found is None else bool(found)

    def leave(self, gate: GateKey, ticket: int) -> None:
        """See `Gates.leave`."""
        self._act("leave", gate, ticket)

    def release(self, gate: GateKey, count: int | None) -> GateState | None:
        """See `Gates.release`."""
        found = self._act("release", gate, _or_none(count))
        return None if found is None else Gate(parse(found)).state(gate.name)

    def close(self, gate: GateKey) -> bool:
        """See `Gates.close`."""
        return bool(self._act("close", gate))

    def all(self, session: str, generation: int) -> list[GateState]:  # noqa: ARG002
        """See `Gates.all`. With its generation, a session's gates go."""
        kept = self._pipeline.call("HGETALL", self._pipeline.base + b"gates:" + session.encode())
        found = zip(kept[::2], kept[1::2], strict=True)
        return [Gate(parse(gate)).state(name.decode()) for name, gate in sorted(found)]

    def _act(self, act: str, gate: GateKey, *arguments: bytes | str | int) -> Any:
        generation = hexed(gate.generation) if gate.session else b""
        return self._pipeline.run(GATE, act, gate.name, gate.session, generation, *arguments)


def _or_none(count: int | None) -> str | int:
    """A number, or what stands for none in the Lua program."""
    return "" if count is None else count
