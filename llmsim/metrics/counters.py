"""What one process counts. The path of a plain answer is kept short: every number has a place."""

from __future__ import annotations

import threading
import time
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


class Kind(NamedTuple):
    """What kind of request and answer it was: the labels of `REQUESTS`.

    `status` is a text: what has no HTTP answer has none. `turn` is a turn type, or a word for what
    took none; `session` says how the request named its session.
    """

    api: str
    stream: bool
    status: str
    turn: str
    session: str


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
        place = self._places[number]
        if not place:
            key = key_of(self._metric, self._labels, str(number))
            place = self._places[number] = self._file.place(key)
        self._numbers[place] += 1
        self._numbers[self._sum] += value


class _Ended(NamedTuple):
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
        self._lock = threading.Lock()  # what is added to is read first
        self._ended: dict[Kind, _Ended] = {}
        self._durations: dict[tuple[str, bool], Histogram] = {}
        self._first_tokens: dict[str, Histogram] = {}
        self._models: dict[str | None, int] = {}
        self._claims = Histogram(file, catalog.CLAIM)
        self._lateness = Histogram(file, catalog.LATENESS)
        self._active = file.place(key_of(catalog.ACTIVE))
        self._streams = file.place(key_of(catalog.STREAMS))
        self._shortest = self._longest = 0
        self._ring = [file.place(key_of(catalog.SECONDS, (str(each),))) for each in range(RING)]

    def begins(self) -> None:
        """A request has come."""
        with self._lock:
            self._numbers[self._active] += 1

    def streams(self, number: int) -> None:
        """So many more streams are on their way, or less."""
        with self._lock:
            self._numbers[self._streams] += number

    def leaves(self) -> None:
        """A request is gone that nothing else is counted of."""
        with self._lock:
            self._numbers[self._active] -= 1

    def ends(self, kind: Kind, seconds: float, model: str | None, tokens: tuple[int, int]) -> None:
        """A request has its answer. `tokens` are those of its prompt and of its completion."""
        numbers = self._numbers
        with self._lock:
            numbers[self._active] -= 1
            ended = self._ended.get(kind) or self._new_ended(kind)
            numbers[ended.requests] += 1
            ended.durations.observe(seconds)
            numbers[ended.prompt] += tokens[0]
            numbers[ended.completion] += tokens[1]
            if model is not None:
                place = self._models.get(model) or self._new_model(model)
                numbers[place] += 1
            self._note_extremes(seconds)
            self._note_second(int(time.time()))

    def claimed(self, seconds: float) -> None:
        """A request has waited so long for its position."""
        with self._lock:
            self._claims.observe(seconds)

    def first_token(self, api: str, seconds: float) -> None:
        """The first content of a stream leaves so long after the request."""
        with self._lock:
            found = self._first_tokens.get(api)
            if found is None:
                found = self._first_tokens[api] = Histogram(self._file, catalog.FIRST_TOKEN, (api,))
            found.observe(seconds)

    def late(self, seconds: float) -> None:
        """A chunk of a paced answer leaves so much later than it was to."""
        with self._lock:
            self._lateness.observe(seconds)

    def count(self, metric: Metric, *labels: str, number: int = 1) -> None:
        """Add to a counter of what is rare."""
        with self._lock:
            self._numbers[self._file.place(key_of(metric, labels))] += number

    def read(self) -> Totals:
        """What this process has counted."""
        totals = Totals()
        totals.add(self._file.read(), living=True)
        return totals

    def _new_ended(self, kind: Kind) -> _Ended:
        place, api, stream = self._file.place, kind.api, str(kind.stream).lower()
        durations = self._durations.get((api, kind.stream))
        if durations is None:
            durations = Histogram(self._file, catalog.DURATION, (api, stream))
            self._durations[api, kind.stream] = durations
        labels = (api, stream, kind.status, kind.turn, kind.session)
        ended = self._ended[kind] = _Ended(
            place(key_of(catalog.REQUESTS, labels)),
            durations,
            place(key_of(catalog.TOKENS, (api, "prompt"))),
            place(key_of(catalog.TOKENS, (api, "completion"))),
        )
        return ended

    def _new_model(self, model: str) -> int:
        """Where a model's requests are counted; those beyond a number of models together."""
        if len(self._models) >= MOST_MODELS:
            return self._file.place(key_of(catalog.MODELS, (OTHER,)))
        place = self._file.place(key_of(catalog.MODELS, (model[:_LONGEST_NAME],)))
        self._models[model] = place
        return place

    def _note_extremes(self, seconds: float) -> None:
        numbers = self._numbers
        if not self._shortest:
            self._shortest = self._file.place(key_of(catalog.SHORTEST), seconds)
            self._longest = self._file.place(key_of(catalog.LONGEST), seconds)
        elif seconds < numbers[self._shortest]:
            numbers[self._shortest] = seconds
        elif seconds > numbers[self._longest]:
            numbers[self._longest] = seconds

    def _note_second(self, now: int) -> None:
        numbers, place = self._numbers, self._ring[now % RING]
        if numbers[place + 1] == now:
            numbers[place] += 1
        else:
            numbers[place] = 1
            numbers[place + 1] = now


class NoCounters(Counters):
    """Counts nothing."""

    def begins(self) -> None:
        """See `Counters.begins`."""

    def streams(self, number: int) -> None:
        """See `Counters.streams`."""

    def leaves(self) -> None:
        """See `Counters.leaves`."""

    def ends(self, kind: Kind, seconds: float, model: str | None, tokens: tuple[int, int]) -> None:
        """See `Counters.ends`."""

    def claimed(self, seconds: float) -> None:
        """See `Counters.claimed`."""

    def first_token(self, api: str, seconds: float) -> None:
        """See `Counters.first_token`."""

    def late(self, seconds: float) -> None:
        """See `Counters.late`."""

    def count(self, metric: Metric, *labels: str, number: int = 1) -> None:
        """See `Counters.count`."""
