"""How an agent retries, read from the entries of its requests, one after the other."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from llmsim.playback.findings import Finding
from llmsim.playback.findings.finding import EARLY_RETRY, FAST_RETRIES, USELESS_RETRY
from llmsim.verdict.reasons import Head, failure_of

MOST_RETRIES: Final = 5
"""Retries within a second; more of them are a finding."""

_SECOND: Final = 1.0
_TOLERANCE: Final = 0.02  # seconds; two clocks, and an answer that was read before it was recorded


class _Refused(NamedTuple):
    """The request that got an error: which it was, when the answer ended, what that said."""

    request: tuple[str, int]
    ended: float
    wait: int
    is_final: bool


class Retries:
    """The retries of one agent.

    A retry is known by its count in the SDK's header, else by its size: clients send the same body
    again. Where requests overlap there are several agents, and nobody knows whose retry it is.
    """

    __slots__ = ("_alone", "_ended", "_refused", "_times")

    def __init__(self) -> None:
        self._alone = True
        self._ended = 0.0
        self._refused: _Refused | None = None
        self._times: deque[float] | None = None

    def add(self, head: Head) -> Iterator[Finding]:
        """What is odd about the request if it is a retry."""
        began = head["time"]
        self._alone = self._alone and began >= self._ended - _TOLERANCE
        request = head["api"], head.get("request_bytes", -1)
        refused = self._refused
        if refused is not None and self._alone and _is_retry(head, request, refused):
            yield from self._odd(began, refused)
        self._ended = ended = began + head["duration_ms"] / 1000
        self._refused = None
        if head["status"] >= 400:
            failure = failure_of(head)
            wait, is_final = failure.get("retry_after", 0), failure.get("should_retry") is False
            self._refused = _Refused(request, ended, wait, is_final)

    def _odd(self, began: float, refused: _Refused) -> Iterator[Finding]:
        waited = began - refused.ended
        if waited < refused.wait - _TOLERANCE:
            text = f"a retry came after {max(waited, 0):.1f} s; Retry-After said {refused.wait} s"
            yield Finding(EARLY_RETRY, text)
        if refused.is_final:
            text = "a retry came although the error said x-should-retry: false"
            yield Finding(USELESS_RETRY, text)
        if self._times is None:
            self._times = deque(maxlen=MOST_RETRIES + 1)
        self._times.append(began)
        if len(self._times) > MOST_RETRIES and began - self._times[0] <= _SECOND:
            self._times.clear()
            yield Finding(FAST_RETRIES, f"more than {MOST_RETRIES} retries came within a second")


def _is_retry(head: Head, request: tuple[str, int], refused: _Refused) -> bool:
    return bool(head.get("retry_count")) or request == refused.request
