"""What a request would get under the order by history, and why."""

from __future__ import annotations

from collections.abc import Iterator

from llmsim.conversation import Request
from llmsim.errors import LlmsimError
from llmsim.playback import Taken, chooser_of
from llmsim.playback.history import ByHistory
from llmsim.playback.standing import Standing
from llmsim.playback.steps import Step
from llmsim.script import Script
from llmsim.script.turns import type_of
from llmsim.store.base import Claim


class NoHistoryError(LlmsimError):
    """The script, or the `track` that the request goes to, does not look at histories."""

    def __init__(self, track: str | None) -> None:
        self.track = track
        super().__init__(track)

    def __str__(self) -> str:
        what = "script" if self.track is None else f"track {self.track!r}"
        return (
            f"the {what} plays by arrival: what a request gets does not hang on its history; "
            'give the script "order": "history"'
        )


def explained(script: Script, request: Request) -> tuple[list[str], Iterator[Taken]]:
    """Why the request gets what it gets, in sentences; and what each of its tries plays.

    Raises:
        NoHistoryError: the script plays by arrival.
    """
    order = chooser_of(script).order_for(request)
    if not isinstance(order, ByHistory):
        raise NoHistoryError(order.line.track)
    standing = order.standing(request.conversation)
    step = order.steps.at(standing.step)
    decision = order.decide(request)
    tries = (
        decision.taken(Claim(0, generation=0, arrival=0, script=0, tries=tried), request)
        for tried in range(len(step.spend) + 1)
    )
    track = [] if order.line.track is None else [f"the track is {order.line.track!r}"]
    return [*track, _where(standing), _what(order.script, standing, step)], tries


def _where(standing: Standing) -> str:
    if standing.mark is None:
        counted = f"the history has no id that says a step; answers counted in it: {standing.step}"
        if standing.foreign_steps:
            return (
                f"{counted}, of which {standing.foreign_steps} are not the script's "
                '("steps": "own" leaves those out)'
            )
        return counted
    after = standing.step - standing.mark.step - 1
    made = standing.mark.made
    named = made.text if made else "a call id that the script gives to one turn"
    return f"{named} is an answer of step {standing.mark.step}; answers after it: {after}"


def _what(script: Script, standing: Standing, step: Step) -> str:
    once = [f"{_turn(script, index)} once" for index in step.spend]
    last = "the script is exhausted" if step.turn is None else _turn(script, step.turn)
    return f"step {standing.step}: {', then '.join([*once, last])}"


def _turn(script: Script, index: int) -> str:
    return f"turn {index} ({type_of(script.turns[index])})"
