"""What is odd about an agent's retries: each finding by one that does it and one that does not."""

from __future__ import annotations

from typing import Any

import pytest

from llmsim.verdict.retries import Retries
from tests.conftest import MakeClient
from tests.verdict.agents import SAY, Agent, verdict


def entry(began: float, **facts: Any) -> dict[str, Any]:
    """The facts of a request that took 100 ms."""
    least = {"time": began, "duration_ms": 100.0, "status": 200, "api": "chat"}
    return {**least, "request_bytes": 500, **facts}


def refused(began: float, **failure: Any) -> dict[str, Any]:
    said = {"kind": "rate_limit", **failure}
    return entry(began, status=429, answer={"failure": said})


def found(*entries: dict[str, Any]) -> list[str]:
    retries = Retries()
    return [finding.kind for each in entries for finding in retries.add(each)]


def texts(*entries: dict[str, Any]) -> list[str]:
    retries = Retries()
    return [finding.text for each in entries for finding in retries.add(each)]


def test_a_retry_before_the_time_is_found_and_one_after_it_is_not() -> None:
    assert found(refused(0, retry_after=2), entry(1)) == ["early_retry"]
    assert found(refused(0, retry_after=2), entry(2.11)) == []
    assert found(refused(0), entry(0.1)) == []
    (finding,) = texts(refused(0, retry_after=2), entry(0.5))
    assert finding == "a retry came after 0.4 s; Retry-After said 2 s"


def test_the_time_counts_from_the_end_of_the_error() -> None:
    slow = refused(0, retry_after=2) | {"duration_ms": 1000.0}
    assert found(slow, entry(2.5)) == ["early_retry"]
    assert found(slow, entry(3.1)) == []


def test_a_retry_of_what_said_not_to_is_found_and_other_requests_are_not() -> None:
    assert found(refused(0, should_retry=False), entry(5)) == ["useless_retry"]
    assert found(refused(0, should_retry=True), entry(5)) == []
    assert found(refused(0, should_retry=False), entry(5, request_bytes=700)) == []
    assert found(refused(0, should_retry=False), entry(5, api="anthropic")) == []


def test_the_count_in_the_sdk_s_header_marks_a_retry_of_any_size() -> None:
    marked = entry(5, request_bytes=700, retry_count=1)
    assert found(refused(0, should_retry=False), marked) == ["useless_retry"]
    assert found(refused(0, should_retry=False), marked | {"retry_count": 0}) == []


def test_more_than_five_retries_within_a_second_are_found_once() -> None:
    fast = [refused(0.15 * number) for number in range(7)]
    assert found(*fast) == ["fast_retries"]
    assert found(*fast[:6]) == []
    assert found(*(refused(0.3 * number) for number in range(20))) == []
    assert found(*(entry(0.15 * number) for number in range(20))) == [], "these are no retries"


def test_retries_of_errors_that_took_no_turn_count_too(make_client: MakeClient) -> None:
    client = make_client(SAY, retry_after=30)
    agent = Agent(client)
    assert agent.ask({"X-LLMSim-Error": "rate_limit"}).status_code == 429
    agent.ask()
    (finding,) = verdict(client).findings
    assert (finding.kind, finding.count, finding.position) == ("early_retry", 1, 0)


@pytest.mark.parametrize("count", [0, 1])
def test_where_requests_overlap_nobody_knows_whose_retry_it_is(count: int) -> None:
    overlapping = entry(0.05), entry(0), refused(0.2, retry_after=5, should_retry=False)
    assert found(*overlapping, entry(0.4, retry_count=count)) == []
