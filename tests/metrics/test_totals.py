"""Percentiles and rates from what was counted."""

from __future__ import annotations

import random

import pytest

from llmsim.metrics import catalog
from llmsim.metrics.catalog import DURATION, METRICS
from llmsim.metrics.counters import RING, Counted, Counters, NoCounters
from llmsim.metrics.number_file import NumberFile, key_of
from llmsim.metrics.statistics import statistics
from llmsim.metrics.totals import MOST_MODELS, Totals, quantile
from tests.each import for_each


def ended(seconds: float) -> Counted:
    done = Counted("chat", "default")
    done.turn, done.status, done.seconds = "assistant", 200, seconds
    return done


@for_each("share", [0.01, 0.5, 0.9, 0.99])
def test_a_percentile_is_off_by_a_fifth_at_most(share: float) -> None:
    chance = random.Random(7)
    counters = Counters(NumberFile())
    values = sorted(chance.lognormvariate(-4, 1.5) for _ in range(5000))
    for value in values:
        counters.ends(ended(value))
    (counts,) = counters.read().buckets(DURATION).values()
    found = quantile(DURATION, counts, share)
    assert found == pytest.approx(values[int(share * len(values))], rel=0.2)


def test_percentiles_are_between_the_least_and_the_most() -> None:
    counters = Counters(NumberFile())
    for seconds in (0.0101, 0.0102, 400.0):
        counters.ends(ended(seconds))
    found = statistics(counters.read(), 0)
    assert (found["min_latency_ms"], found["max_latency_ms"]) == (10.1, 400_000)
    assert found["p50_latency_ms"] == 10.1 or 10.1 < found["p50_latency_ms"] < 15
    assert found["p99_latency_ms"] == 300_000  # the last end of a bucket
    assert quantile(DURATION, [], 0.5) is None


def test_the_rate_is_that_of_the_last_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_000_000.5
    monkeypatch.setattr("llmsim.metrics.counters.time.time", lambda: now)
    counters = Counters(NumberFile())
    started: dict[str, tuple[float, float]] = {key_of(catalog.STARTED): (now, 0.0)}

    def rate() -> float:
        totals = counters.read()
        totals.add(started, living=True)
        return float(statistics(totals, now)["requests_per_second"])

    for _ in range(30):
        counters.ends(ended(0.1))
    assert rate() == 30  # within the first second
    now += 9.5
    assert rate() == pytest.approx(30 / 9.5, abs=0.001)
    now += RING - 11
    counters.ends(ended(0.1))
    assert rate() == pytest.approx(31 / 58.5, abs=0.001)
    now += 1.5
    assert rate() == pytest.approx(1 / 59.5, abs=0.001)
    now += 2 * RING
    assert rate() == 0
    for _ in range(60):  # in a second that has the place of an older one
        counters.ends(ended(0.1))
    assert rate() == pytest.approx(60 / 59.5, abs=0.001)


def test_the_same_second_of_two_processes_is_added_and_an_older_one_is_not() -> None:
    totals = Totals()
    key = key_of(catalog.SECONDS, ("7",))
    for count, second in ((3.0, 67.0), (4.0, 127.0), (2.0, 127.0), (9.0, 7.0)):
        totals.add({key: (count, second)}, living=True)
    assert totals.recent(catalog.SECONDS, 0) == [(6.0, 127.0)]


def test_the_least_and_the_most_are_those_of_all_workers() -> None:
    totals = Totals()
    for durations in ((0.2, 0.3), (0.1, 0.25), (0.15, 0.4)):
        counters = Counters(NumberFile())
        for seconds in durations:
            counters.ends(ended(seconds))
        totals.add(counters.read().numbers(), living=True)
    found = statistics(totals, 0)
    assert (found["min_latency_ms"], found["max_latency_ms"]) == (100, 400)


def test_a_worker_has_room_for_a_number_of_models() -> None:
    counters = Counters(NumberFile())
    for number in range(3 * MOST_MODELS):
        done = ended(0.1)
        done.model = f"m{number}"
        counters.ends(done)
    found = counters.read().by(catalog.MODELS, "model")
    assert (len(found), found["other"]) == (MOST_MODELS + 1, 2 * MOST_MODELS)


def test_models_of_many_workers_are_bounded_too() -> None:
    totals = Totals()
    for worker in range(3):
        counters = Counters(NumberFile())
        for number in range(80):
            done = ended(0.1)
            done.model = f"{worker}-{number}" if number else "common"
            counters.ends(done)
        totals.add(counters.read().numbers(), living=False)
    found = totals.models()
    assert len(found) == MOST_MODELS + 1
    assert (found["common"], found["other"]) == (3, 240 - 3 - 99)
    again = Totals()
    again.add(totals.numbers(), living=False)
    assert again.models() == found


def test_what_a_file_of_another_version_says_is_passed_over() -> None:
    totals = Totals()
    totals.add({'["unknown", "", {}, ""]': (1.0, 0.0)}, living=True)
    assert totals.numbers() == {}


def test_each_metric_has_a_name_of_its_own() -> None:
    assert len(METRICS) == len(catalog.EXPORTED) + 5


def test_where_nothing_is_counted_nothing_is_written() -> None:
    file = NumberFile()
    counters = NoCounters(file)
    before = file.read()
    counters.begins()
    counters.ends(ended(1))
    counters.leaves()
    counters.streams(1)
    counters.first_token("chat", 1)
    counters.late(1)
    counters.count(catalog.FAULTS, "turn", "stall")
    assert file.read() == before
