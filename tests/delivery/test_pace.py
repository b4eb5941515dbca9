"""The waits of an answer: what they are drawn from, and how long they are."""

from __future__ import annotations

import statistics
from itertools import islice

import pytest

from llmsim.conversation import Request
from llmsim.delivery import AT_ONCE, delivery_of
from llmsim.delivery.pace import Pace
from llmsim.latency_profiles import PROFILES, Profile, profile_of
from llmsim.script import Assistant, Error, Latency, RateLimit, Script, Stall, Turn
from tests.each import for_each

GPT5 = PROFILES["gpt5"]


def waits(pace: Pace | None, count: int = 200) -> list[float]:
    assert pace is not None
    return list(islice(pace.waits(), count))


def pace_of(
    turn: Turn,
    script: Script | None = None,
    position: int = 0,
    session: str = "a",
    prompt_tokens: int = 0,
) -> Pace | None:
    script = script or Script([turn])
    request = Request(session=session, model="gpt-5-mini")
    outcome = turn.answer(str(position), request)
    return delivery_of(script, turn, outcome, request, position).pace(prompt_tokens)


def test_the_waits_follow_seed_session_and_position_alone() -> None:
    turn = Assistant("x", latency=Latency("gpt5"))
    drawn = waits(pace_of(turn))
    assert drawn == waits(pace_of(turn))
    assert drawn == waits(pace_of(Assistant("another", latency=Latency("gpt5"))))
    others = [
        waits(pace_of(turn, position=1)),
        waits(pace_of(turn, session="b")),
        waits(pace_of(turn, Script([turn], seed=1))),
    ]
    assert all(drawn != other for other in others)
    assert len({other[0] for other in others}) == 3


def test_these_are_the_waits_on_every_machine() -> None:
    drawn = waits(Pace(GPT5, "0/default/0"), 3)
    assert [round(wait, 6) for wait in drawn] == [0.336208, 0.06308, 0.049365]


def test_the_waits_have_the_profiles_means_and_deviations() -> None:
    firsts = [waits(Pace(GPT5, str(seed)), 1)[0] * 1000 for seed in range(2000)]
    between = [wait * 1000 for wait in waits(Pace(GPT5, "x"), 5000)[1:]]
    for drawn, mean, deviation in ((firsts, 600, 150), (between, 40, 12)):
        assert statistics.mean(drawn) == pytest.approx(mean, rel=0.03)
        assert statistics.stdev(drawn) == pytest.approx(deviation, rel=0.06)


def test_no_wait_is_below_nothing() -> None:
    wild = Profile(1, 100, 1, 100)
    drawn = [wait for seed in range(50) for wait in waits(Pace(wild, str(seed)), 20)]
    assert min(drawn) == 0
    assert all(Pace(wild, str(seed)).whole(1) >= 0 for seed in range(50))


def test_a_plain_answer_takes_as_long_as_its_tokens_and_begins_like_its_stream() -> None:
    steady = Pace(Profile(500, 100, 40, 0), "s")
    first, *rest = waits(steady, 11)
    assert steady.whole(10) == pytest.approx(first + sum(rest))
    wholes = [Pace(GPT5, str(seed)).whole(10_000) for seed in range(500)]
    assert statistics.mean(wholes) == pytest.approx(400.6, rel=0.01)
    assert statistics.stdev(wholes) == pytest.approx(1.2, rel=0.1)  # 12 ms by the root of 10,000


def test_a_factor_makes_every_wait_shorter_and_a_long_prompt_the_first_one_longer() -> None:
    drawn, fast = waits(Pace(GPT5, "s")), waits(Pace(GPT5, "s", factor=0.1))
    assert fast == pytest.approx([wait / 10 for wait in drawn])
    long = waits(Pace(GPT5, "s", prompt_ms=300))
    assert long[0] == pytest.approx(drawn[0] + 0.3)
    assert long[1:] == drawn[1:]


def test_the_prompt_counts_by_the_thousand() -> None:
    turn = Assistant("x", latency=Latency("fast", ttft_per_1k_prompt_tokens_ms=100))
    bare, long = waits(pace_of(turn)), waits(pace_of(turn, prompt_tokens=2500))
    assert long[0] - bare[0] == pytest.approx(0.25)


def test_a_turn_goes_before_its_script_number_by_number() -> None:
    script = Latency("gpt5", scale=0.5)
    for turn, numbers, scale in (
        (None, GPT5, 0.5),
        (Latency(ttft_mean_ms=5), GPT5._replace(ttft_mean_ms=5), 0.5),
        (Latency("gpt4"), PROFILES["gpt4"], 0.5),
        (Latency("gpt4", tbt_mean_ms=0), PROFILES["gpt4"]._replace(tbt_mean_ms=0), 0.5),
        (Latency("auto", scale=2), PROFILES["gpt5-mini"], 2),
    ):
        played = Assistant("x", latency=turn)
        pace = pace_of(played, Script([played], latency=script))
        assert pace is not None
        assert (pace.profile, pace.factor) == (numbers, scale)


def test_a_profile_leaves_no_number_of_another() -> None:
    outer = Latency("gpt5", ttft_mean_ms=1, ttft_per_1k_prompt_tokens_ms=7)
    inner = Latency("gpt4").over(outer)
    assert inner == Latency("gpt4", ttft_per_1k_prompt_tokens_ms=7)


def test_what_asks_for_nothing_is_at_once_and_what_waits_for_nothing_has_no_pace() -> None:
    plain, request = Assistant("x"), Request()
    assert delivery_of(Script([plain]), plain, plain.answer("", request), request, 0) is AT_ONCE
    for latency in (Latency("instant"), Latency("gpt5", scale=0), Latency()):
        assert pace_of(Assistant("x", latency=latency)) is None
    assert pace_of(Assistant("x", fault=Stall())) is None


def test_an_error_waits_where_its_own_turn_says_so_and_nowhere_else() -> None:
    script, request = Script([Assistant("x")], latency=Latency("gpt5")), Request()
    error = Error(RateLimit())
    assert delivery_of(script, error, error.answer("", request), request, 0) is AT_ONCE
    assert pace_of(Error(RateLimit(), latency=Latency(tbt_mean_ms=1)), script) == pace_of(
        Assistant("x", latency=Latency(tbt_mean_ms=1)), script
    )


MODELS = {
    "gpt-5": "gpt5",
    "gpt-5.2-2026-01-01": "gpt5",
    "openai/gpt-5-mini": "gpt5-mini",
    "GPT-5-Nano": "gpt5-mini",
    "o3": "o-series",
    "o4-mini": "o-series",
    "gpt-4o-mini": "gpt4o",
    "chatgpt-4o-latest": "gpt4o",
    "gpt-4.1": "gpt4o",
    "gpt-4-turbo": "gpt4",
    "claude-opus-4-1": "claude-opus",
    "anthropic/claude-sonnet-5": "claude-sonnet",
    "claude-3-5-haiku-latest": "claude-haiku",
    "models/gemini-2.5-pro": "gemini-pro",
    "gemini-2.5-flash": "gemini-flash",
    "deepseek-chat": "deepseek",
    "deepseek-r1": "deepseek-reasoner",
    "deepseek-reasoner": "deepseek-reasoner",
    "llama-4": "gpt4o",
    "": "gpt4o",
}


@for_each(("model", "profile"), list(MODELS.items()))
def test_auto_knows_models_in_any_spelling(model: str, profile: str) -> None:
    assert profile_of(model) == PROFILES[profile]


def test_every_profile_but_two_is_that_of_some_model() -> None:
    assert set(PROFILES) - set(MODELS.values()) == {"fast", "instant"}
