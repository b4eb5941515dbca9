"""What one process counts. The path of a plain answer is kept short: every number has a place."""

from __future__ import annotations

import math
import time

# As it is where this is imported first. No lock is held while something waits, so under gevent
# either kind will do; the system's own takes a third of the time.
from _thread import allocate_lock
from bisect import bisect_left
from typing import Final, NamedTuple

from llmsim.metrics import catalog
from llmsim.metrics.catalog import Metric
from llmsim.metrics.number_file import NumberFile, key_of
from llmsim.metrics.totals import MOST_MODELS, OTHER, SUM, Totals

NO_STATUS: Final = "none"
"""The status where there is no HTTP answer."""

RING: Final = 60
"""Seconds of which it is kept how many requests ended in each."""

_LONGEST_NAME: Final = 128  # of a model, in characters


class Counted:
    """What there is to count of one request to an API.

    `session` says how it named its session, `turn` is the type of the turn that it got, or a word
    for why it got none. `claim` is how many seconds it waited for its position, None for none;
    `status` is 0 where it got no HTTP answer.
    """

    turn: str
    stream = False
    status = 0
    model: str | None = None
    prompt_tokens = 0
    completion_tokens = 0
    claim: float | None = None
    seconds = 0.0

    def __init__(self, api: str, session: str) -> None:
        self.api = api
        self.session = session


class Histogram:
    """Counts values by bucket."""

    def __init__(self, file: NumberFile, metric: Metric, labels: tuple[str, ...] = ()) -> None:
        self._file = file
        self._numbers = file.numbers
        self._metric = metric
        self._labels = labels
        self._ends = metric.buckets
        self._sum = file.place(key_of(metric, labels, SUM))
        self._places = [0] * (len(metric.buckets) + 1)  # a place is made when it is used first

    def observe(self, value: float) -> None:
        """Count a value."""
        number = bisect_left(self._ends, value)
        place = self._places[number] or self._new_place(number)
        numbers = self._numbers
        numbers[place] += 1
        numbers[self._sum] += value

    def _new_place(self, number: int) -> int:
        place = self._file.place(key_of(self._metric, self._labels, str(number)))
        self._places[number] = place
        return place


class _Alike(NamedTuple):
    """Where is counted what ends alike."""

    requests: int
    durations: Histogram
    prompt: int
    completion: int


class Counters:
    """The numbers of this process; each method may be called from any of its threads."""

    def __init__(self, file: NumberFile) -> None:
        self._file = file
        self._numbers = file.numbers
        self._lock = allocate_lock()  # what is added to is read first
        self._alike: dict[tuple[str, bool, int, str, str], _Alike] = {}
        self._histograms: dict[tuple[str, tuple[str, ...]], Histogram] = {}
        self._models: dict[str | None, int] = {}
        self._rare: dict[tuple[str, tuple[str, ...]], int] = {}
        self._claims = self._histogram(catalog.CLAIM)
        self._lateness = self._histogram(catalog.LATENESS)
        self._active = file.place(key_of(catalog.ACTIVE))
        self._streams = file.place(key_of(catalog.STREAMS))
        self._least, self._most = math.inf, 0.0
        self._second = self._in_second = 0
        self._ring = [file.place(key_of(catalog.SECONDS, (str(each),))) for each in range(RING)]

    def begins(self) -> None:
        """A request has come."""
        with self._lock:
            self._numbers[self._active] += 1

    def leaves(self) -> None:
        """A request is gone of which nothing else is counted."""
        with self._lock:
            self._numbers[self._active] -= 1

    def ends(self, done: Counted) -> None:
        """A request has its answer."""
        numbers, seconds = self._numbers, done.seconds
        kind = (done.api, done.stream, done.status, done.turn, done.session)
        with self._lock:
            alike = self._alike.get(kind) or self._new_alike(done)
            numbers[self._active] -= 1
            numbers[alike.requests] += 1
            alike.durations.observe(seconds)
            if done.claim is not None:
                self._claims.observe(done.claim)
                numbers[alike.prompt] += done.prompt_tokens
                numbers[alike.completion] += done.completion_tokens
            if done.model is not None:
                numbers[self._models.get(done.model) or self._new_model(done.model)] += 1
            if not self._least <= seconds <= self._most:
                self._note_extreme(seconds)
            second = int(time.time())
            if second != self._second:
                self._begin_second(second)
            numbers[self._in_second] += 1

    def streams(self, number: int) -> None:
        """So many more streams are on their way, or less."""
        with self._lock:
            self._numbers[self._streams] += number

    def first_token(self, api: str, seconds: float) -> None:
        """The first content of a stream leaves so long after the request."""
        with self._lock:
            self._histogram(catalog.FIRST_TOKEN, api).observe(seconds)

    def late(self, seconds: float) -> None:
        """A chunk of a paced answer leaves so much later than it was to."""
        with self._lock:
            self._lateness.observe(seconds)

    def count(self, metric: Metric, *labels: str, number: int = 1) -> None:
        """Add to a counter of what is rare."""
        with self._lock:
            place = self._rare.get((metric.name, labels))
            if place is None:
                place = self._rare[metric.name, labels] = self._file.place(key_of(metric, labels))
            self._numbers[place] += number

    def read(self) -> Totals:
        """What this process has counted."""
        totals = Totals()
        totals.add(self._file.read(), living=True)
        return totals

    def _histogram(self, metric: Metric, *labels: str) -> Histogram:
        found = self._histograms.get((metric.name, labels))
        if found is None:
            found = self._histograms[metric.name, labels] = Histogram(self._file, metric, labels)
        return found

    def _new_alike(self, done: Counted) -> _Alike:
        place, api, stream = self._file.place, done.api, str(done.stream).lower()
        labels = (api, stream, str(done.status or NO_STATUS), done.turn, done.session)
        alike = _Alike(
            place(key_of(catalog.REQUESTS, labels)),
            self._histogram(catalog.DURATION, api, stream),
            place(key_of(catalog.TOKENS, (api, "prompt"))),
            place(key_of(catalog.TOKENS, (api, "completion"))),
        )
        self._alike[api, done.stream, done.status, done.turn, done.session] = alike
        return alike

    def _new_model(self, model: str) -> int:
        """Where a model's requests are counted; those beyond a number of models together."""
        if len(self._models) >= MOST_MODELS:
            return self._file.place(key_of(catalog.MODELS, (OTHER,)))
        place = self._file.place(key_of(catalog.MODELS, (model[:_LONGEST_NAME],)))
        self._models[model] = place
        return place

    def _note_extreme(self, seconds: float) -> None:
        if seconds < self._least:
            self._least = seconds
            self._numbers[self._file.place(key_of(catalog.SHORTEST), seconds)] = seconds
        if seconds > self._most:
            self._most = seconds
            self._numbers[self._file.place(key_of(catalog.LONGEST), seconds)] = seconds

    def _begin_second(self, second: int) -> None:
        place = self._ring[second % RING]
        if self._numbers[place + 1] != second:
            self._numbers[place], self._numbers[place + 1] = 0, second
        self._second, self._in_second = second, place


class NoCounters(Counters):
    """Counts nothing."""

    def begins(self) -> None:
        """See `Counters.begins`."""

    def leaves(self) -> None:
        """See `Counters.leaves`."""

    def ends(self, done: Counted) -> None:
        """See `Counters.ends`."""

    def streams(self, number: int) -> None:
        """See `Counters.streams`."""

    def first_token(self, api: str, seconds: float) -> None:
        """See `Counters.first_token`."""

    def late(self, seconds: float) -> None:
        """See `Counters.late`."""

    def count(self, metric: Metric, *labels: str, number: int = 1) -> None:
        """See `Counters.count`."""
