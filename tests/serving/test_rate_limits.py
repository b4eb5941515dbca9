"""Rate limits, from outside: what is beyond them is a 429 that takes no turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim.store import session_counters
from llmsim.store.redis.pipeline import Pipeline
from llmsim.store.redis.verbs import Verb
from tests.conftest import MakeClient
from tests.journal.asking import ask, entries
from tests.requests import ROUTE_OF
from tests.running import numbered, text

APIS = sorted(ROUTE_OF)
OPENAI = {"limit": "x-ratelimit-limit-{}", "remaining": "x-ratelimit-remaining-{}"}
ANTHROPIC = {
    "limit": "anthropic-ratelimit-{}-limit",
    "remaining": "anthropic-ratelimit-{}-remaining",
}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time in seconds, which stands still until a test sets it."""
    now = [1_700_000_000.0]
    monkeypatch.setattr(session_counters, "time_ns", lambda: round(now[0] * 1e9))
    run = Pipeline.run

    def run_then(pipeline: Pipeline, verb: Verb, *rest: Any) -> Any:
        time = b"{%d, %d}" % divmod(round(now[0] * 1e6), 10**6)
        return run(pipeline, Verb.of(verb.source.replace(b"redis.call('TIME')", time)), *rest)

    monkeypatch.setattr(Pipeline, "run", run_then)
    return now


@pytest.fixture
def client(make_client: MakeClient, clock: list[float]) -> FlaskClient:
    return make_client(*numbered(50))


def put(client: FlaskClient, *turns: dict[str, Any], **keys: Any) -> None:
    script = {"turns": [*turns] or numbered(50), **keys}
    assert client.put("/llmsim/sessions/a/script", json=script).status_code == 200


def said(answer: Any, what: str, api: str = "chat") -> tuple[int, int]:
    """The limit, and what is left of it."""
    names = ANTHROPIC if api == "anthropic" else OPENAI
    limit, left = (answer.headers[names[name].format(what)] for name in ("limit", "remaining"))
    return int(limit), int(left)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api", APIS)
def test_so_many_requests_pass_and_every_answer_says_what_is_left(
    client: FlaskClient, clock: list[float], api: str, stream: bool
) -> None:
    put(client, limits={"requests_per_minute": 3})
    answers = [ask(client, route=ROUTE_OF[api], stream=stream) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    lefts = [said(answer, "requests", api) for answer in answers]
    assert lefts == [(3, 2), (3, 1), (3, 0), (3, 0), (3, 0)]
    assert "X-LLMSim-Position" not in answers[3].headers
    clock[0] += 20
    after = ask(client, route=ROUTE_OF[api], stream=stream)
    assert (after.status_code, after.headers["X-LLMSim-Position"]) == (200, "3")


def test_a_refused_request_gets_through_once_it_has_waited_as_it_was_told(
    client: FlaskClient, clock: list[float]
) -> None:
    put(client, limits={"requests_per_minute": 70})
    for _ in range(70):
        assert ask(client).status_code == 200
    clock[0] += 0.5
    refused = ask(client)
    assert refused.headers["Retry-After"] == "1"
    milliseconds = int(refused.headers["retry-after-ms"])
    assert milliseconds == 358  # of 857
    assert "try again in 0.358s" in refused.get_json()["error"]["message"]
    clock[0] += milliseconds / 1000 - 0.002
    assert ask(client).status_code == 429
    clock[0] += 0.002
    assert ask(client).status_code == 200


def test_the_headers_say_when_all_is_free_again(client: FlaskClient) -> None:
    put(client, limits={"requests_per_minute": 120})
    assert ask(client).headers["x-ratelimit-reset-requests"] == "500ms"
    assert ask(client).headers["x-ratelimit-reset-requests"] == "1s"


def test_an_answer_takes_the_tokens_of_its_usage(client: FlaskClient) -> None:
    put(client, text("word " * 50), limits={"tokens_per_minute": 1000})
    left = 1000
    for _ in range(3):
        answer = ask(client)
        left -= answer.get_json()["usage"]["total_tokens"]
        assert said(answer, "tokens") == (1000, left)


def test_an_answer_may_take_more_than_there_is_and_the_next_one_waits(
    client: FlaskClient, clock: list[float]
) -> None:
    usage = {"prompt_tokens": 900, "completion_tokens": 300}
    put(client, text("a") | {"usage": usage}, limits={"tokens_per_minute": 600})
    answer = ask(client)
    assert answer.status_code == 200
    assert said(answer, "tokens") == (600, 0)
    assert answer.headers["x-ratelimit-reset-tokens"] == "2m0s"
    refused = ask(client)
    assert 60 < int(refused.headers["Retry-After"]) < 63
    assert refused.headers["x-ratelimit-remaining-tokens"] == "0"
    clock[0] += int(refused.headers["Retry-After"])
    assert ask(client).status_code == 200


def test_a_prompt_above_the_whole_limit_is_told_not_to_come_again(client: FlaskClient) -> None:
    put(client, limits={"tokens_per_minute": 20})
    large = ask(client, messages=[{"role": "user", "content": "word " * 30}])
    assert large.status_code == 429
    assert large.headers["x-should-retry"] == "false"
    message = large.get_json()["error"]["message"]
    assert message.startswith("Request too large")
    assert "20 are allowed in a minute" in message
    assert said(large, "tokens") == (20, 20)
    assert ask(client).status_code == 200


def test_both_limits_are_said_and_the_one_that_refuses_is_named(client: FlaskClient) -> None:
    put(client, limits={"requests_per_minute": 2, "tokens_per_minute": 5000})
    answers = [ask(client) for _ in range(3)]
    assert said(answers[0], "requests") == (2, 1)
    assert said(answers[0], "tokens")[0] == 5000
    assert "2 requests are allowed" in answers[2].get_json()["error"]["message"]
    assert said(answers[2], "tokens") == said(answers[1], "tokens")


def key(name: str, header: str = "Authorization") -> dict[str, str]:
    return {header: f"Bearer {name}" if header == "Authorization" else name}


def test_by_key_each_key_has_its_limits_whichever_header_it_comes_in(client: FlaskClient) -> None:
    put(client, limits={"requests_per_minute": 1, "by": "key"})
    asked = [key("one"), key("two"), {}, key("one", "x-api-key"), key("two"), {}]
    statuses = [ask(client, headers=headers).status_code for headers in asked]
    assert statuses == [200, 200, 200, 429, 429, 429]


def test_by_session_all_keys_share_them(client: FlaskClient) -> None:
    put(client, limits={"requests_per_minute": 1})
    assert ask(client, headers=key("one")).status_code == 200
    assert ask(client, headers=key("two")).status_code == 429


def test_no_file_of_the_state_holds_a_key(client: FlaskClient, tmp_path: Path) -> None:
    put(client, limits={"requests_per_minute": 1, "by": "key"})
    for _ in range(2):
        ask(client, headers=key("sk-very-secret"))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 2
    assert not [path for path in files if b"very-secret" in path.read_bytes()]


def test_the_tracks_of_a_script_share_its_limits(client: FlaskClient) -> None:
    track = {"name": "side", "when": {"last_contains": "title"}, "turns": numbered(9)}
    put(client, tracks=[track], limits={"requests_per_minute": 2})
    texts = ["a title", "Hi", "a title", "Hi"]
    answers = [ask(client, messages=[{"role": "user", "content": said}]) for said in texts]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]


def test_each_script_of_a_folder_has_its_own_limits_and_errors(client: FlaskClient) -> None:
    scripts = {
        "tight": {"limits": {"requests_per_minute": 1}},
        "wide": {"limits": {"requests_per_minute": 3}},
        "broken": {"errors": {"timeout_rate": 1}},
    }
    for name, keys in scripts.items():
        script = {"turns": numbered(9), "when": {"last_contains": name}, **keys}
        assert client.put(f"/llmsim/scripts/{name}", json=script).status_code in (200, 201)
    statuses = {
        name: [
            ask(client, "b", messages=[{"role": "user", "content": name}]).status_code
            for _ in range(4)
        ]
        for name in scripts
    }
    assert statuses == {
        "tight": [200, 429, 429, 429],
        "wide": [200, 200, 200, 429],
        "broken": [504] * 4,
    }


def test_a_reset_begins_the_limits_anew(client: FlaskClient) -> None:
    put(client, limits={"requests_per_minute": 1})
    assert [ask(client).status_code for _ in range(2)] == [200, 429]
    client.post("/llmsim/sessions/a/reset")
    assert ask(client).status_code == 200


def test_a_refused_request_takes_no_try_of_its_conversation(
    client: FlaskClient, clock: list[float]
) -> None:
    error = {"type": "error", "kind": "timeout"}
    put(client, error, *numbered(1), order="history", limits={"requests_per_minute": 1})
    statuses = []
    for _ in range(2):
        statuses += [ask(client).status_code, ask(client).status_code]
        clock[0] += 60
    assert statuses == [504, 429, 200, 429]


def test_an_injected_error_uses_no_limit(client: FlaskClient) -> None:
    put(client, limits={"requests_per_minute": 1})
    injected = ask(client, headers={"X-LLMSim-Error": "timeout"})
    assert "x-ratelimit-limit-requests" not in injected.headers
    assert ask(client).status_code == 200


def test_a_scripted_429_says_when_to_ask_again_and_how_the_limits_stand(
    client: FlaskClient,
) -> None:
    put(client, {"type": "error", "kind": "rate_limit"}, limits={"requests_per_minute": 9})
    headers = ask(client).headers
    assert headers.get_all("Retry-After") == ["0"]
    assert headers.get_all("x-ratelimit-remaining-requests") == ["8"]


def test_without_limits_an_answer_says_nothing_of_them(client: FlaskClient) -> None:
    put(client, limits={"requests_per_minute": 0})
    assert [name for name in ask(client).headers if "ratelimit" in name] == []


def test_the_journal_has_the_reason(client: FlaskClient) -> None:
    put(client, limits={"requests_per_minute": 1, "tokens_per_minute": 100})
    ask(client)
    ask(client)
    ask(client, messages=[{"role": "user", "content": "word " * 200}])
    served, by_requests, by_tokens = entries(client)
    assert "reason" not in served
    assert by_requests["reason"] == "limited_requests"
    assert by_requests["position"] is None
    assert by_requests["answer"]["failure"]["retry_after"] == 60
    assert by_tokens["reason"] == "limited_tokens"
