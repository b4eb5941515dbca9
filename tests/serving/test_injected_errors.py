"""Errors that are injected, from outside: they take no turn, and say so."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim import ErrorRates
from llmsim.playback.injected import ErrorsAtRandom
from tests.conftest import MakeClient
from tests.journal.asking import ask, entries
from tests.requests import ROUTE_OF
from tests.running import numbered

APIS = sorted(ROUTE_OF)
INJECTED = "X-LLMSim-Injected"


@pytest.fixture
def client(make_client: MakeClient) -> FlaskClient:
    return make_client(*numbered(50))


def put(client: FlaskClient, session: str = "a", **keys: Any) -> None:
    script = {"turns": numbered(50), **keys}
    assert client.put(f"/llmsim/sessions/{session}/script", json=script).status_code == 200


def by_header(client: FlaskClient, name: str, api: str = "chat") -> Any:
    return ask(client, route=ROUTE_OF[api], headers={"X-LLMSim-Error": name}, stream=True)


STATUSES = {"rate_limit": 429, "server_error": 500, "timeout": 504}
BY_HEADER = STATUSES | {"context_length": 400, "authentication": 401, "permission": 403}


@pytest.mark.parametrize("api", APIS)
def test_a_header_asks_for_an_error_which_takes_no_turn(client: FlaskClient, api: str) -> None:
    put(client)
    for name, status in BY_HEADER.items():
        answer = by_header(client, name, api)
        assert (answer.status_code, answer.headers[INJECTED]) == (status, name)
        assert answer.headers["X-LLMSim-Session"] == "a"
        assert "X-LLMSim-Position" not in answer.headers
        assert "X-LLMSim-Turn" not in answer.headers
        assert answer.get_json()["error"]["message"]
    assert ask(client, route=ROUTE_OF[api]).headers["X-LLMSim-Position"] == "0"


def test_the_journal_has_the_status_and_the_words_that_went_out(client: FlaskClient) -> None:
    for api, status in (("chat", 503), ("anthropic", 529)):
        answer = by_header(client, "overloaded", api)
        failure = entries(client)[-1]["answer"]["failure"]
        assert failure["status"] == answer.status_code == status
        assert failure["message"] == answer.get_json()["error"]["message"] != ""


def test_an_injected_429_says_when_to_ask_again(client: FlaskClient) -> None:
    answer = by_header(client, "rate_limit")
    assert answer.headers["Retry-After"] == "0"
    assert answer.headers["x-ratelimit-remaining-requests"] == "0"


@pytest.mark.parametrize("api", APIS)
def test_an_error_that_there_is_not_is_a_400_that_names_the_nearest(
    client: FlaskClient, api: str
) -> None:
    answer = by_header(client, "rate_limt", api)
    assert answer.status_code == 400
    message = answer.get_json()["error"]["message"]
    assert message.startswith("The header X-LLMSim-Error: unknown error 'rate_limt'")
    assert message.endswith("did you mean 'rate_limit'?")
    assert INJECTED not in answer.headers


def test_a_body_that_is_refused_is_refused_before_any_error(client: FlaskClient) -> None:
    answer = ask(client, headers={"X-LLMSim-Error": "timeout"}, messages="x")
    assert answer.status_code == 400


def run(client: FlaskClient, count: int = 60, session: str = "a") -> list[Any]:
    return [ask(client, session) for _ in range(count)]


def names(answers: list[Any]) -> list[str | None]:
    return [answer.headers.get(INJECTED) for answer in answers]


RATES = {"rate_limit_rate": 0.2, "server_error_rate": 0.1, "timeout_rate": 0.1}


def test_errors_by_rate_leave_the_turn_for_the_next_request(client: FlaskClient) -> None:
    put(client, errors=RATES)
    answers = run(client)
    served = [answer for answer in answers if INJECTED not in answer.headers]
    assert 20 < len(served) < 50
    assert [int(answer.headers["X-LLMSim-Position"]) for answer in served] == [*range(len(served))]
    texts = [answer.get_json()["choices"][0]["message"]["content"] for answer in served]
    assert texts == [str(number) for number in range(len(served))]
    for answer in answers:
        assert answer.status_code == STATUSES.get(answer.headers.get(INJECTED, ""), 200)


def test_a_run_meets_the_errors_of_the_run_before_and_another_seed_others(
    client: FlaskClient,
) -> None:
    put(client, errors=RATES, seed=7)
    first = names(run(client))
    client.post("/llmsim/sessions/a/reset")
    assert names(run(client)) == first
    put(client, errors=RATES, seed=8)
    assert names(run(client)) != first
    put(client, "b", errors=RATES, seed=7)
    assert names(run(client, session="b")) != first


def test_each_request_counts_once_for_the_draws_served_or_not(client: FlaskClient) -> None:
    put(client, errors=RATES, seed=7)
    errors = ErrorsAtRandom(ErrorRates(**RATES), 7)
    assert names(run(client)) == [errors.drawn("a", arrival) for arrival in range(60)]


def test_an_error_by_header_shifts_no_draw(client: FlaskClient) -> None:
    put(client, errors=RATES)
    first = names(run(client))
    client.post("/llmsim/sessions/a/reset")
    again = []
    for _ in first:
        by_header(client, "timeout")
        again += names(run(client, 1))
    assert again == first


def test_by_history_an_injected_error_takes_no_try(client: FlaskClient) -> None:
    error = {"type": "error", "kind": "invalid_request", "message": "scripted"}
    put(client, order="history", turns=[error, *numbered(1)])
    assert by_header(client, "timeout").status_code == 504
    assert [answer.status_code for answer in run(client, 2)] == [400, 200]


def test_the_journal_has_the_reason(client: FlaskClient) -> None:
    put(client, errors={"timeout_rate": 1})
    by_header(client, "rate_limit")
    ask(client)
    reasons = [(entry["reason"], entry["answer"]["failure"]["kind"]) for entry in entries(client)]
    assert reasons == [("injected_by_header", "rate_limit"), ("injected_by_rate", "timeout")]
    assert [(entry["position"], entry["turn"]) for entry in entries(client)] == [(None, None)] * 2
    put(client)
    ask(client)
    (entry,) = entries(client)
    assert "reason" not in entry
