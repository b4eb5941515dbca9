"""The numbers of several processes in one."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from llmsim.metrics.catalog import (
    COUNTER,
    GAUGE,
    HISTOGRAM,
    LEAST,
    METRICS,
    MODELS,
    MOST,
    RECENT,
    Metric,
)
from llmsim.metrics.number_file import Numbers, key_of, part_of

OTHER: Final = "other"
MOST_MODELS: Final = 100
SUM: Final = "sum"  # the sample of a histogram beside its buckets, which have numbers

Pair = tuple[float, float]


def _added(one: Pair, other: Pair) -> Pair:
    return one[0] + other[0], 0.0


def _newer(one: Pair, other: Pair) -> Pair:
    if one[1] == other[1]:
        return one[0] + other[0], one[1]
    return max(one, other, key=lambda pair: pair[1])


_MERGED: Final[Mapping[str, Callable[[Pair, Pair], Pair]]] = {
    COUNTER: _added,
    HISTOGRAM: _added,
    GAUGE: _added,
    LEAST: min,
    MOST: max,
    RECENT: _newer,
}


class Totals:
    """What all processes have counted together."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, dict[str, Pair]] = defaultdict(dict)

    def add(self, numbers: Numbers, *, living: bool) -> None:
        """Add the numbers of a process. What is going on in one that has died goes on no more."""
        for key, pair in numbers.items():
            metric = METRICS.get(part_of(key).metric)
            if metric is None or (metric.kind == GAUGE and not living):
                continue
            mine = self._numbers[metric.name]
            mine[key] = _MERGED[metric.kind](mine[key], pair) if key in mine else pair

    def numbers(self) -> Numbers:
        """All of them, the models that were asked for least as one."""
        models = {key_of(MODELS, (name,)): (count, 0.0) for name, count in self.models().items()}
        found: dict[str, Pair] = {}
        for of_one in (self._numbers | {MODELS.name: models}).values():
            found |= of_one
        return found

    def of(self, metric: Metric) -> Iterator[tuple[Mapping[str, str], str, float]]:
        """Labels, sample and value of each number of the metric."""
        for key, (value, _) in self._numbers[metric.name].items():
            part = part_of(key)
            yield part.labels, part.sample, value

    def sum(self, metric: Metric, sample: str = "", **labels: str) -> float:
        """The sum of the metric's numbers that have these labels."""
        return sum(
            value
            for own, of_what, value in self.of(metric)
            if of_what == sample and labels.items() <= own.items()
        )

    def by(self, metric: Metric, label: str) -> dict[str, float]:
        """The sums of the metric's numbers by one of its labels."""
        found: defaultdict[str, float] = defaultdict(float)
        for labels, _, value in self.of(metric):
            found[labels[label]] += value
        return dict(found)

    def one(self, metric: Metric) -> float | None:
        """The metric's only number, None where there is none."""
        return next((value for _, _, value in self.of(metric)), None)

    def models(self) -> dict[str, float]:
        """Requests by model: those that were asked for most, and the rest as one."""
        counts = self.by(MODELS, "model")
        rest = counts.pop(OTHER, 0)
        ordered = sorted(counts, key=lambda name: (-counts[name], name))
        rest += sum(counts[name] for name in ordered[MOST_MODELS:])
        found = {name: counts[name] for name in ordered[:MOST_MODELS]}
        return found | ({OTHER: rest} if rest else {})

    def recent(self, metric: Metric, since: float) -> list[Pair]:
        """Values and times of those of the metric's numbers that are not older."""
        return [pair for pair in self._numbers[metric.name].values() if pair[1] >= since]

    def buckets(self, metric: Metric) -> dict[tuple[str, ...], list[float]]:
        """How many were in each bucket of a histogram, by its label values.

        The last bucket is that beyond all ends.
        """
        found: dict[tuple[str, ...], list[float]] = {}
        for labels, sample, value in self.of(metric):
            values = tuple(labels[label] for label in metric.labels)
            counts = found.setdefault(values, [0.0] * (len(metric.buckets) + 1))
            if sample != SUM:
                counts[int(sample)] += value
        return found


def quantile(metric: Metric, counts: list[float], share: float) -> float | None:
    """The value below which that share of what a histogram counted lies, None for nothing.

    Within a bucket they are taken to lie evenly; those beyond the last end, at it.
    """
    if not any(counts):
        return None
    wanted = share * sum(counts)
    before, low = 0.0, 0.0
    for end, count in zip((*metric.buckets, math.inf), counts, strict=True):
        if count and before + count >= wanted:
            return low if math.isinf(end) else low + (end - low) * (wanted - before) / count
        before, low = before + count, end
    return low
