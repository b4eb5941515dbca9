"""What a request takes of its limits, and what it is told of them."""

from __future__ import annotations

import pytest

from llmsim.allowance import REQUESTS, TOKENS, Allowance
from llmsim.playback.limits import MINUTE, RateLimit, limits_of
from llmsim.script import Assistant, ErrorRates, Limits, Script


@pytest.mark.parametrize("number", [1, 3, 7, 100, 999_983, 1_000_000])
def test_of_requests_exactly_so_many_pass_at_once(number: int) -> None:
    rate = RateLimit(REQUESTS, number)
    limit = rate.limit(b"", 1)
    assert number * limit.cost <= limit.window < (number + 1) * limit.cost


@pytest.mark.parametrize("number", [1, 7, 100_000, 59_999_999, 60_000_000])
def test_all_tokens_of_a_minute_take_the_minute(number: int) -> None:
    assert RateLimit(TOKENS, number).limit(b"", number)[1:] == (MINUTE, MINUTE)


def test_an_allowance_says_what_is_left_and_when_all_is() -> None:
    rate = RateLimit(REQUESTS, 60)
    assert rate.allowance(0) == Allowance(REQUESTS, 60, 60, 0)
    assert rate.allowance(2_500_000) == Allowance(REQUESTS, 60, 57, 2.5)
    assert rate.allowance(90_000_000) == Allowance(REQUESTS, 60, 0, 90)


def test_callers_and_limits_have_each_a_bucket_of_their_own() -> None:
    rates = [RateLimit(REQUESTS, 5), RateLimit(REQUESTS, 6), RateLimit(TOKENS, 5)]
    keys = {rate.limit(caller, 1).key for rate in rates for caller in (b"a", b"b")}
    assert len(keys) == 6


def test_the_settings_give_the_limits_that_a_script_does_not() -> None:
    script = Script([Assistant("x")], limits=Limits(tokens_per_minute=0, by="key"))
    under = script.with_defaults(ErrorRates(), Limits(5, 7, "session"))
    assert under.limits == Limits(5, 0, "key")
    bare = Script([Assistant("x")])
    assert bare.with_defaults(ErrorRates(), Limits(0, 7, "key")).limits == Limits(0, 7, "key")


def test_no_limit_costs_nothing() -> None:
    assert limits_of(None) is None
    assert limits_of(Limits(0, 0, "key")) is None
    assert limits_of(Limits()) is None
