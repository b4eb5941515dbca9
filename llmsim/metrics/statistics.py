"""The statistics of a host, as JSON has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from llmsim.metrics import catalog
from llmsim.metrics.catalog import Metric
from llmsim.metrics.counters import RING
from llmsim.metrics.totals import SUM, Totals, quantile

# The APIs whose requests are counted under these names.
_NAMES: Final = {
    "completions_requests": ("chat",),
    "responses_requests": ("responses", "openresponses"),
    "messages_requests": ("anthropic",),
}
_SHARES: Final = (50, 90, 99)  # percent


def statistics(totals: Totals, now: float) -> dict[str, Any]:
    """All of them, at that Unix time. Numbers of requests are of those that were answered."""
    return {
        **_times(totals, now),
        **_requests(totals),
        **_errors(totals),
        **_tokens(totals),
        **_latencies(totals),
        "expectations_failed": int(totals.sum(catalog.UNMET)),
        "protocol_violations": int(totals.sum(catalog.VIOLATIONS)),
        "faults": int(totals.sum(catalog.FAULTS)),
        "sessions": _or_none(totals.one(catalog.SESSIONS)),
        "journal_dropped": _or_none(totals.one(catalog.DROPPED)),
        "model_requests": _whole(totals.models()),
    }


def _times(totals: Totals, now: float) -> dict[str, Any]:
    uptime = max(now - (totals.one(catalog.STARTED) or now), 0)
    recent = totals.recent(catalog.SECONDS, int(now) - RING + 1)
    seconds = max(min(uptime, RING - 1 + now % 1), 1)
    rate = sum(count for count, _ in recent) / seconds
    return {"uptime_secs": int(uptime), "requests_per_second": round(rate, 3)}


def _requests(totals: Totals) -> dict[str, Any]:
    apis = _whole(totals.by(catalog.REQUESTS, "api"))
    streams = _whole(totals.by(catalog.REQUESTS, "stream"))
    return {
        "total_requests": sum(apis.values()),
        "active_requests": int(totals.sum(catalog.ACTIVE)),
        "active_streams": int(totals.sum(catalog.STREAMS)),
        "streaming_requests": streams.get("true", 0),
        "non_streaming_requests": streams.get("false", 0),
        **{name: sum(apis.get(api, 0) for api in those) for name, those in _NAMES.items()},
        "requests_by_api": apis,
        "aborted": int(totals.sum(catalog.ABORTED, by="client")),
    }


def _errors(totals: Totals) -> dict[str, Any]:
    statuses = _whole(totals.by(catalog.REQUESTS, "status"))
    errors = {status: count for status, count in statuses.items() if status[0] not in "123"}
    return {
        "requests_by_status": statuses,
        "total_errors": sum(errors.values()),
        "rate_limit_errors": errors.get("429", 0),
        "timeout_errors": errors.get("504", 0),
        "server_errors": sum(
            count for status, count in errors.items() if status[0] == "5" and status != "504"
        ),
    }


def _tokens(totals: Totals) -> dict[str, Any]:
    prompt = int(totals.sum(catalog.TOKENS, kind="prompt"))
    completion = int(totals.sum(catalog.TOKENS, kind="completion"))
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _latencies(totals: Totals) -> dict[str, Any]:
    requests = totals.sum(catalog.REQUESTS)
    average = totals.sum(catalog.DURATION, SUM) / requests if requests else 0.0
    shortest, longest = totals.one(catalog.SHORTEST), totals.one(catalog.LONGEST)
    return {
        "avg_latency_ms": _ms(average),
        "min_latency_ms": _ms(shortest),
        "max_latency_ms": _ms(longest),
        **_quantiles(totals, catalog.DURATION, "latency_ms", (shortest, longest)),
        **_quantiles(totals, catalog.FIRST_TOKEN, "ttft_ms", (None, None)),
    }


def _quantiles(
    totals: Totals, metric: Metric, name: str, limits: tuple[float | None, float | None]
) -> dict[str, float | None]:
    """The percentiles of a histogram. What lies in one bucket is not told apart, but for `limits`.

    No value is below the first of them or above the second.
    """
    counts = _sums(totals.buckets(metric).values())
    found: dict[str, float | None] = {}
    for share in _SHARES:
        value = quantile(metric, counts, share / 100)
        if value is not None and None not in limits:
            value = min(max(value, limits[0] or 0), limits[1] or 0)
        found[f"p{share}_{name}"] = _ms(value)
    return found


def _sums(rows: Iterable[list[float]]) -> list[float]:
    return [sum(column) for column in zip(*rows, strict=True)]


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 3)


def _or_none(number: float | None) -> int | None:
    return None if number is None else int(number)


def _whole(counts: Mapping[str, float]) -> dict[str, int]:
    return {name: int(count) for name, count in sorted(counts.items())}
