"""`expect`: what a turn expects of the request that gets it, and what becomes of one that differs.

The conditions are those of a `when`, and may be all of them under every order: they are looked at
once the turn is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from llmsim.conversation import Request
from llmsim.script.conditions import Difference, When, WhenSchema, explain
from llmsim.script.conditions.rules import a_boolean
from llmsim.script.fields import Optional, OptionalPart, count
from llmsim.script.rules import a_count, one_of, optional, require

REPORT: Final = "report"
REFUSE: Final = "refuse"
OFF: Final = "off"
ON_MISMATCH: Final = {
    REPORT: "the turn is served, and the journal and the verdict say what differs",
    REFUSE: "the request is refused with a 400 that says what differs, and the turn stays taken",
    OFF: "it is not looked at",
}

an_on_mismatch = one_of("on_mismatch", ON_MISMATCH)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expectation(When):
    """Conditions on the request that gets a turn; all must hold.

    `step` is the number of answers that the conversation has had. See `When` for the others.
    """

    step: int | None = None

    def __post_init__(self) -> None:
        require("step", optional(a_count)(self.step))
        When.__post_init__(self)

    def differences(self, request: Request, step: int) -> Iterator[Difference]:
        """What keeps the conditions from holding for a request of a conversation at `step`."""
        if self.step not in (None, step):
            yield Difference("step", self.step, step, _step)
        yield from explain(self, request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a script or a track says of expectations and of its end.

    `on_mismatch` is one of `ON_MISMATCH`, `report` where it is None. `must_finish` says whether a
    verdict asks for the last turn; it does where it is None.
    """

    on_mismatch: str | None = None
    must_finish: bool | None = None

    def check_judged(self) -> None:
        """Check these fields.

        Raises:
            ScriptInvalidError: one is wrong.
        """
        require("on_mismatch", optional(an_on_mismatch)(self.on_mismatch))
        require("must_finish", optional(a_boolean)(self.must_finish))


def on_mismatch_field() -> Optional:
    """The key `on_mismatch`."""
    return Optional(
        an_on_mismatch,
        {"enum": list(ON_MISMATCH)},
        "What becomes of a request that is not as its turn expects: "
        + "; ".join(f"'{word}': {meaning}" for word, meaning in ON_MISMATCH.items())
        + ".",
        load_default=None,
    )


def must_finish_field() -> Optional:
    """The key `must_finish`."""
    return Optional(
        a_boolean,
        {"type": "boolean"},
        "Whether a verdict fails who does not come to the last turn; true where absent.",
        load_default=None,
    )


def _step(asked: Any) -> str:
    return str(asked)


class ExpectationSchema(WhenSchema):
    """What a turn expects of its request; at least one condition."""

    makes = Expectation
    step = count("How many answers the conversation has had.")


def expect_field() -> OptionalPart:
    """The key `expect`."""
    return OptionalPart(
        ExpectationSchema(), "What the request that gets this turn should look like."
    )
