"""What a benchmark is.

Variants that are measured in turn, and figures drawn from all of their samples.
"""

from __future__ import annotations

import statistics
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

# What one run of a variant measured: a number by measure, such as {"requests/s": 8123.0}.
Sample = Mapping[str, float]
# The samples of each variant, in the order of the rounds.
Samples = Mapping[str, Sequence[Sample]]


class BenchmarkError(Exception):
    """It cannot be measured here, or what was measured would mean nothing.

    The text is for the user.
    """


@dataclass(frozen=True)
class Variant:
    """One of the things that are compared. `run` is given how many seconds to measure."""

    name: str
    run: Callable[[float], Sample]


@dataclass(frozen=True)
class Conclusion:
    """A figure drawn from the samples, and the goal it should meet.

    `least` or `most` where there is one.
    """

    name: str
    value: float
    least: float | None = None
    most: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.least is None and self.most is None:
            return None
        return (self.least is None or self.value >= self.least) and (
            self.most is None or self.value <= self.most
        )


class Benchmark(ABC):
    """Variants are run in turn, round by round (A B A B ...).

    So whatever else slows the machine slows all of them.
    """

    name: str
    help: str

    @abstractmethod
    def variants(self) -> AbstractContextManager[Sequence[Variant]]:
        """The variants, with whatever they need running while the block lasts.

        Raises:
            BenchmarkError: something that it needs is missing.
        """

    def conclude(self, samples: Samples) -> list[Conclusion]:
        """The figures that count."""
        return []


def median(samples: Sequence[Sample], measure: str) -> float:
    """The median of a measure."""
    return statistics.median(sample[measure] for sample in samples)


def median_ratio(upper: Sequence[Sample], lower: Sequence[Sample], measure: str) -> float:
    """The median of one variant's measure over another's in the same round."""
    return statistics.median(
        one[measure] / other[measure] for one, other in zip(upper, lower, strict=True)
    )
