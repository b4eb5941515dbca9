"""`Pace`: when an answer's pieces leave.

The waits come from seed, session and position alone: never from the process or the generation. So
the next run waits alike, whichever worker serves it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from llmsim.latency_profiles import Profile


class Pace(NamedTuple):
    """The waits of one answer.

    `factor` is one for all of them, `prompt_ms` how much longer the prompt makes the first one.
    """

    profile: Profile
    seed: str
    factor: float = 1
    prompt_ms: float = 0

    def waits(self) -> Iterator[float]:
        """Seconds: up to the first chunk of a stream, and from each to the next. Without end."""
        _, _, mean, deviation = self.profile
        draw = self._drawn()
        yield self._first(draw)
        factor, gauss = self.factor / 1000, draw.gauss
        if not deviation:
            while True:
                yield mean * factor
        while True:
            yield max(gauss(mean, deviation), 0) * factor

    def whole(self, tokens: int) -> float:
        """Seconds up to a plain answer of so many tokens."""
        _, _, mean, deviation = self.profile
        draw = self._drawn()
        first = self._first(draw)
        # The sum of as many draws, in one.
        rest = draw.gauss(tokens * mean, math.sqrt(tokens) * deviation)
        return first + max(rest, 0) * self.factor / 1000

    def _drawn(self) -> Random:
        return Random(self.seed)  # noqa: S311 - nothing secret hangs on it

    def _first(self, draw: Random) -> float:
        wait = draw.gauss(self.profile.ttft_mean_ms, self.profile.ttft_stddev_ms)
        return (max(wait, 0) + self.prompt_ms) * self.factor / 1000
