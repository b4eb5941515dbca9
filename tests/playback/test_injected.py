"""Which requests get an injected error follows from seed, session and arrival alone."""

from __future__ import annotations

from collections import Counter

import pytest

from llmsim.errors import ScriptInvalidError
from llmsim.playback.injected import INJECTED, ErrorsAtRandom, errors_of
from llmsim.script import Assistant, ErrorRates, Limits, Script
from llmsim.serving.shared import resolved
from llmsim.settings import Settings

RATES = ErrorRates(rate_limit_rate=0.2, server_error_rate=0.1, timeout_rate=0.05)


def draws(seed: int = 0, session: str = "s", rates: ErrorRates = RATES) -> list[str | None]:
    errors = ErrorsAtRandom(rates, seed)
    return [errors.drawn(session, arrival) for arrival in range(10_000)]


def test_each_error_comes_as_often_as_its_rate_says() -> None:
    found = Counter(draws())
    for name, rate in {"rate_limit": 0.2, "server_error": 0.1, "timeout": 0.05}.items():
        assert found[name] == pytest.approx(10_000 * rate, rel=0.1)
    assert set(found) == {None, "rate_limit", "server_error", "timeout"}


def test_the_same_seed_and_session_draw_the_same_and_others_do_not() -> None:
    assert draws() == draws()
    assert draws() != draws(seed=1)
    assert draws() != draws(session="t")


def test_a_higher_rate_adds_errors_and_takes_none_away() -> None:
    few, many = (draws(rates=ErrorRates(rate_limit_rate=rate)) for rate in (0.1, 0.2))
    assert all(more for less, more in zip(few, many, strict=True) if less)


def test_a_rate_of_1_is_every_request_and_0_is_none() -> None:
    assert set(draws(rates=ErrorRates(timeout_rate=1))) == {"timeout"}
    assert errors_of(ErrorRates(timeout_rate=0), 7) is None
    assert errors_of(None, 7) is None


def test_every_rate_has_its_error() -> None:
    assert set(draws(rates=ErrorRates(0.4, 0.3, 0.3))) <= set(INJECTED)


def test_the_settings_give_the_rates_that_a_script_does_not() -> None:
    script = Script([Assistant("x")], errors=ErrorRates(rate_limit_rate=0.5, timeout_rate=0))
    under = script.with_defaults(RATES, Limits())
    assert under.errors == ErrorRates(0.5, 0.1, 0)


def test_the_settings_give_the_seed_that_a_script_does_not() -> None:
    settings = Settings(rate_limit_rate=0.5, seed=3)
    assert resolved(Script([Assistant("x")]), settings).seed == 3
    assert resolved(Script([Assistant("x")], seed=4), settings).seed == 4
    assert resolved(Script([Assistant("x")], seed=0), settings).seed == 0
    assert resolved(Script([Assistant("x")]), Settings()).seed is None


def test_settings_at_their_defaults_change_nothing_of_a_script() -> None:
    script = Script([Assistant("x")])
    assert script.with_defaults(ErrorRates(0.0, 0.0, 0.0), Limits(0, 0, "session")) == script
    off = Script([Assistant("x")], errors=ErrorRates(0, 0, 0))
    assert off.with_defaults(RATES, Limits()).errors is None


def test_rates_of_script_and_settings_together_are_at_most_1() -> None:
    script = Script([Assistant("x")], errors=ErrorRates(rate_limit_rate=0.8))
    with pytest.raises(ScriptInvalidError, match=r"the rates add up to 1\.3"):
        script.with_defaults(ErrorRates(timeout_rate=0.5), Limits())
