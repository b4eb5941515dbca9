"""The steps of a script that is played by history.

A step is a turn that leaves a trace in the history, with the turns just before it that leave none.
"""

from __future__ import annotations

from typing import NamedTuple

from llmsim.script import Script


class Step(NamedTuple):
    """The turns of a step, by their index in the script.

    `spend` are those that leave no trace: a conversation gets each once, in order. Then it gets
    `turn`, however often it asks; None where the script is exhausted.
    """

    spend: tuple[int, ...]
    turn: int | None

    def pick(self, tried: int) -> int | None:
        """The turn of try number `tried`, from 0."""
        return self.spend[tried] if tried < len(self.spend) else self.turn


class Steps:
    """All steps of a script, also beyond its end."""

    def __init__(self, script: Script) -> None:
        self._on_exhausted = script.on_exhausted
        self._last = len(script) - 1
        self._steps: list[Step] = []
        self._of_turn: list[int] = []
        pending: list[int] = []
        for index, turn in enumerate(script.turns):
            self._of_turn.append(len(self._steps))
            if turn.leaves_trace:
                self._steps.append(Step(tuple(pending), index))
                pending = []
            else:
                pending.append(index)
        self._trailing = tuple(pending)

    def of_turn(self, index: int) -> int:
        """The number of the step that the turn of that index belongs to."""
        return self._of_turn[index]

    def at(self, number: int) -> Step:
        """The step of a conversation that has been given `number` answers."""
        if number < len(self._steps):
            return self._steps[number]
        if self._on_exhausted == "loop":
            return self._again(number)
        # What leaves no trace after the last answer comes once, to who has had just that one.
        spend = self._trailing if number == len(self._steps) else ()
        return Step(spend, None if self._on_exhausted == "error" else self._last)

    def _again(self, number: int) -> Step:
        if not self._steps:
            return Step(self._trailing[:-1], self._last)
        step = self._steps[number % len(self._steps)]
        if number % len(self._steps) or not self._trailing:
            return step
        return Step(self._trailing + step.spend, step.turn)
