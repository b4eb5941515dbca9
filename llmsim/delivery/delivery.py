"""`Delivery`: in which way the answer of a turn leaves."""

from __future__ import annotations

from typing import Final, NamedTuple

from llmsim.conversation import Request
from llmsim.delivery.pace import Pace
from llmsim.reply import NO_ANSWER, Failure, Reply
from llmsim.script import Latency, Script, Turn
from llmsim.script.faults import Fault
from llmsim.script.gate import Gate


class Delivery(NamedTuple):
    """How an answer leaves. A key of every turn that says something of it has a field here.

    `waits` is what its pace follows, None where it waits for nothing; `seed` is what the waits are
    drawn from. `gate` is where it waits for a release.
    """

    waits: Latency | None = None
    fault: Fault | None = None
    seed: str = ""
    model: str = ""
    gate: Gate | None = None

    def pace(self, prompt_tokens: int) -> Pace | None:
        """The pace of an answer to a prompt of so many tokens; None where it waits for nothing."""
        if self.waits is None:
            return None
        more = (self.waits.ttft_per_1k_prompt_tokens_ms or 0) * prompt_tokens / 1000
        profile = self.waits.numbers(self.model)
        scale = 1 if self.waits.scale is None else self.waits.scale
        return Pace(profile, self.seed, scale, more) if scale and (any(profile) or more) else None


AT_ONCE: Final = Delivery()
"""Nothing is asked for: the answer leaves as it is, and its delivery costs nothing."""


def delivery_of(
    script: Script, turn: Turn, outcome: Reply | Failure, request: Request, position: int
) -> Delivery:
    """The delivery of what a turn of the script answers."""
    waits, fault = script.latency, turn.fault
    if turn.latency is not None:
        waits = turn.latency.over(waits)
    elif isinstance(outcome, Failure):
        waits = None  # an error waits only where its turn says so
    if waits is None and fault is None and turn.gate is None and not _is_none(outcome):
        return AT_ONCE
    seed = f"{script.seed or 0}/{request.session}/{position}"
    return Delivery(waits, fault, seed, request.model, turn.gate)


def _is_none(outcome: Reply | Failure) -> bool:
    return isinstance(outcome, Failure) and outcome.status == NO_ANSWER
