"""Every number that is counted: a table. What is exported has its name, help and labels here.

No label holds a text that a client chose: each has few values.
"""

from __future__ import annotations

from typing import Final, NamedTuple

COUNTER: Final = "counter"
HISTOGRAM: Final = "histogram"
GAUGE: Final = "gauge"  # of a living process; those of dead ones count no more
# Of what only the statistics show.
LEAST: Final = "least"
MOST: Final = "most"
RECENT: Final = "recent"  # of two numbers the newer one; they are added where both are as new


class Metric(NamedTuple):
    """What is counted; a histogram has the upper ends of its buckets, in seconds."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def _decades(first: int, last: int, steps: tuple[float, ...]) -> tuple[float, ...]:
    """The steps, in each power of ten from the first to the last one."""
    return tuple(float(f"{step}e{power}") for power in range(first, last + 1) for step in steps)


# A percentile that is read from these is off by a fifth at most.
_TIMES = (*_decades(-4, 1, (1, 1.5, 2, 3, 5, 7)), 100.0, 200.0, 300.0)
_SHORT_TIMES = _decades(-6, 0, (1, 2, 5))
_LATE = _decades(-4, 0, (1, 2, 5))

REQUESTS: Final = Metric(
    "llmsim_requests",
    COUNTER,
    "Requests that were answered.",
    ("api", "stream", "status", "turn", "session"),
)
DURATION: Final = Metric(
    "llmsim_request_duration_seconds",
    HISTOGRAM,
    "Seconds from a request to the last part of its answer, scripted waits included.",
    ("api", "stream"),
    _TIMES,
)
FIRST_TOKEN: Final = Metric(
    "llmsim_time_to_first_token_seconds",
    HISTOGRAM,
    "Seconds from a request to the first content of its stream, scripted waits included.",
    ("api",),
    _TIMES,
)
LATENESS: Final = Metric(
    "llmsim_chunk_lateness_seconds",
    HISTOGRAM,
    "Seconds by which the chunks of paced answers left later than they were to: what the "
    "simulator, or a client that reads slowly, adds to the scripted waits.",
    buckets=_LATE,
)
CLAIM: Final = Metric(
    "llmsim_claim_seconds",
    HISTOGRAM,
    "Seconds that a request waited for its position.",
    buckets=_SHORT_TIMES,
)
TOKENS: Final = Metric(
    "llmsim_tokens",
    COUNTER,
    "Tokens of answered prompts, and of answers.",
    ("api", "kind"),
)
ACTIVE: Final = Metric(
    "llmsim_active_requests", GAUGE, "Requests that are being answered, streams among them."
)
STREAMS: Final = Metric("llmsim_active_streams", GAUGE, "Streams that are on their way.")
ABORTED: Final = Metric(
    "llmsim_aborted",
    COUNTER,
    "Answers that did not reach their end, by who broke them off: the client or the script.",
    ("api", "by"),
)
FAULTS: Final = Metric(
    "llmsim_faults",
    COUNTER,
    "Faults and errors that were injected, by what asked for them: the turn, a header or a rate.",
    ("by", "fault"),
)
UNMET: Final = Metric(
    "llmsim_expectations_failed", COUNTER, "Conditions of turns that their requests did not meet."
)
VIOLATIONS: Final = Metric(
    "llmsim_protocol_violations",
    COUNTER,
    "What the real API would refuse in a request, by rule.",
    ("rule",),
)
FINDINGS: Final = Metric(
    "llmsim_findings", COUNTER, "What was odd about requests and their answers.", ("kind",)
)
SESSIONS: Final = Metric("llmsim_sessions", GAUGE, "Sessions in the store, of all its hosts.")
DROPPED: Final = Metric(
    "llmsim_journal_dropped",
    COUNTER,
    "Journal entries that found no room in the store, of all its hosts.",
)

EXPORTED: Final = (
    *(REQUESTS, DURATION, FIRST_TOKEN, LATENESS, CLAIM, TOKENS, ACTIVE, STREAMS, ABORTED),
    *(FAULTS, UNMET, VIOLATIONS, FINDINGS, SESSIONS, DROPPED),
)

STARTED: Final = Metric("started", LEAST, "Unix time at which counting began.")
SHORTEST: Final = Metric("shortest", LEAST, "The shortest duration, in seconds.")
LONGEST: Final = Metric("longest", MOST, "The longest duration, in seconds.")
MODELS: Final = Metric("models", COUNTER, "Requests by model.", ("model",))
SECONDS: Final = Metric(
    "seconds", RECENT, "Requests by second, the newest of each number of a ring.", ("place",)
)

# Whose numbers are among those of the dead; it is none that is added.
DONE: Final = Metric("done", MOST, "Files that count no more.", ("file",))

METRICS: Final = {
    metric.name: metric for metric in (*EXPORTED, STARTED, SHORTEST, LONGEST, MODELS, SECONDS)
}
