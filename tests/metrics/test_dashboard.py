"""The Grafana dashboard asks for what is exported, and for nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from llmsim.metrics.catalog import COUNTER, EXPORTED, HISTOGRAM, Metric
from tests.running import ROOT

DASHBOARD: dict[str, Any] = json.loads((ROOT / "config/deploy/grafana.json").read_text("utf-8"))

QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
_SELECTOR = re.compile(r"(llmsim_\w+)\{([^}]*)\}")
_GROUPED = re.compile(r"by \(([^)]*)\)")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"[^"]*"')

# What Prometheus adds, and what its buckets are told apart by.
ADDED = {"instance"}


def names_of(metric: Metric) -> list[str]:
    if metric.kind == HISTOGRAM:
        return [f"{metric.name}_{suffix}" for suffix in ("bucket", "sum", "count")]
    return [f"{metric.name}_total" if metric.kind == COUNTER else metric.name]


LABELS = {
    name: {*metric.labels, *(["le"] if name.endswith("_bucket") else [])}
    for metric in EXPORTED
    for name in names_of(metric)
}


def selections(query: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric that a query asks for, and the labels by which it does."""
    grouped = {label.strip() for found in _GROUPED.findall(query) for label in found.split(",")}
    for name, matchers in _SELECTOR.findall(query):
        yield name, grouped | set(_MATCHER.findall(matchers))


def test_every_query_asks_for_what_is_exported() -> None:
    for query in QUERIES:
        found = list(selections(query))
        assert found, query
        assert len(found) == query.count("llmsim_"), f"not understood: {query}"
        for name, labels in found:
            assert name in LABELS, f"{name} is not exported: {query}"
            assert labels - ADDED <= LABELS[name], f"{labels - LABELS[name]}: {query}"


def test_every_metric_is_shown() -> None:
    shown = {name for query in QUERIES for name, _ in selections(query)}
    for metric in EXPORTED:
        assert shown & set(names_of(metric)), f"{metric.name} is in no panel"


def test_a_legend_names_labels_that_its_query_keeps() -> None:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            kept = {
                label.strip()
                for found in _GROUPED.findall(target["expr"])
                for label in found.split(",")
            }
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert named == kept - {"le"}, target


def test_every_query_is_of_the_chosen_hosts() -> None:
    (variable,) = (one for one in DASHBOARD["templating"]["list"] if one["name"] == "instance")
    assert variable["query"] == "label_values(llmsim_active_requests, instance)"
    for query in QUERIES:
        assert query.count('instance=~"$instance"') == query.count("llmsim_"), query


def test_panels_have_numbers_and_places_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
