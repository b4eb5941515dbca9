"""What was counted: as JSON for people's tools, and as Prometheus reads it."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, request

from llmsim.control.guard import check_caller
from llmsim.control.metric_schemas import StatsAnswer
from llmsim.control.operation import answer_errors, operation, playback
from llmsim.errors import RequestError, StoreError
from llmsim.metrics import catalog, host
from llmsim.metrics.number_file import key_of
from llmsim.metrics.statistics import statistics
from llmsim.metrics.totals import Totals
from llmsim.serving.blueprint import settings

scraped = Blueprint("metrics", __name__)
answer_errors(scraped)


@operation("GET", "/stats", gives=StatsAnswer)
def show_stats() -> dict[str, Any]:
    """Show what all workers of this host have counted: requests, errors, tokens and times."""
    return statistics(_totals(), time.time())


@scraped.get("/metrics")
def show_metrics() -> Response:
    """The same, as Prometheus reads it."""
    # Here: see `number_file`.
    from llmsim.metrics.exposition import exposed  # noqa: PLC0415

    check_caller()
    text, content_type = exposed(_totals(), request.headers.get("Accept", ""))
    return Response(text, content_type=content_type)


def _totals() -> Totals:
    """What was counted, and what the store says; without it the rest is there all the same.

    Raises:
        RequestError: 404, the settings say that nothing is counted.
    """
    if not settings().metrics:
        message = "Nothing is counted: the setting metrics.enabled (LLMSIM_METRICS) is false."
        raise RequestError(message, code="metrics_off", status=404)
    said = _said_by_the_store()
    totals = host.totals()
    totals.add({key_of(metric): (number, 0.0) for metric, number in said.items()}, living=True)
    return totals


def _said_by_the_store() -> dict[catalog.Metric, float]:
    """Nothing where it is out of reach."""
    with suppress(StoreError):
        store = playback().store
        return {catalog.SESSIONS: store.session_count(), catalog.DROPPED: store.dropped()}
    return {}
