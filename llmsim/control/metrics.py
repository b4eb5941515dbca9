"""What was counted, for people's tools: as JSON."""

from __future__ import annotations

import time
from typing import Any

from llmsim.control.metric_schemas import StatsAnswer
from llmsim.control.operation import operation, playback
from llmsim.errors import RequestError
from llmsim.metrics import host
from llmsim.metrics.statistics import statistics
from llmsim.serving.blueprint import settings


def check_counted() -> None:
    """Let a request for numbers through.

    Raises:
        RequestError: 404, the settings say that nothing is counted.
    """
    if not settings().metrics:
        message = "Nothing is counted: the setting metrics.enabled (LLMSIM_METRICS) is false."
        raise RequestError(message, code="metrics_off", status=404)


@operation("GET", "/stats", gives=StatsAnswer)
def show_stats() -> dict[str, Any]:
    """Show what all workers of this host have counted: requests, errors, tokens and times."""
    check_counted()
    store = playback().store
    return {
        **statistics(host.totals(), time.time()),
        "sessions": store.session_count(),
        "journal_dropped": store.dropped(),
    }
