"""The numbers of a host as Prometheus reads them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from prometheus_client import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from llmsim.metrics.catalog import COUNTER, EXPORTED, GAUGE, HISTOGRAM, Metric
from llmsim.metrics.totals import SUM, Totals


class HostCollector(Collector):
    """All that is exported. What has no labels is there from the start, at 0."""

    def __init__(self, totals: Totals) -> None:
        self._totals = totals

    def collect(self) -> Iterator[Family]:
        """A family for each metric."""
        for metric in EXPORTED:
            yield _FAMILIES[metric.kind](metric, self._totals)


def exposed(totals: Totals, accept: str) -> tuple[bytes, str]:
    """The text, in a format that the header `Accept` asks for, and its content type."""
    try:
        encode, content_type = choose_encoder(accept)
    except TypeError:  # a version that is no number
        encode, content_type = choose_encoder("")
    return encode(HostCollector(totals)), content_type


def _counter(metric: Metric, totals: Totals) -> Family:
    family = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    for values, number in _numbers(metric, totals):
        family.add_metric(values, number)
    return family


def _gauge(metric: Metric, totals: Totals) -> Family:
    family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for values, number in _numbers(metric, totals):
        family.add_metric(values, number)
    return family


def _histogram(metric: Metric, totals: Totals) -> Family:
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    ends = [floatToGoString(end) for end in (*metric.buckets, math.inf)]
    found = totals.buckets(metric)
    if not metric.labels and not found:
        found = {(): [0.0] * len(ends)}
    for values, counts in sorted(found.items()):
        labels = dict(zip(metric.labels, values, strict=True))
        buckets = list(zip(ends, accumulate(counts), strict=True))
        family.add_metric(values, buckets, totals.sum(metric, SUM, **labels))
    return family


def _numbers(metric: Metric, totals: Totals) -> list[tuple[tuple[str, ...], float]]:
    found = [
        (tuple(labels[name] for name in metric.labels), value)
        for labels, _, value in totals.of(metric)
    ]
    return sorted(found) if found or metric.labels else [((), 0.0)]


_FAMILIES: Final = {COUNTER: _counter, GAUGE: _gauge, HISTOGRAM: _histogram}
