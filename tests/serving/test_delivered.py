"""Answers that leave in a way of their own: their bytes, their waits and their entries."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim import Script
from llmsim.delivery import Leaving
from llmsim.part import Part
from llmsim.serving import shared
from llmsim.serving.counted import Count
from llmsim.serving.delivered import Timing, delivered
from llmsim.serving.ending import Ending
from llmsim.settings import Settings
from tests.conftest import MakeClient
from tests.each import for_each
from tests.journal.asking import entries
from tests.requests import ROUTE_OF, request_to

SAID = "one two three four"
SLOW = {"ttft_mean_ms": 500, "ttft_stddev_ms": 0, "tbt_mean_ms": 100, "tbt_stddev_ms": 0}
APIS = ["chat", "responses", "openresponses", "anthropic"]
WORDS = ["one", " two", " three", " four"]


class Clock:
    """Time that goes on only where somebody waits for it, and `lag` more each time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.lag = 0.0
        self.slept: list[float] = []

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        if seconds < 0.001:  # a lock is waited for
            return
        self.slept.append(round(seconds, 6))
        self.now += seconds + self.lag


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    with monkeypatch.context() as patch:
        patch.setattr(time, "perf_counter", made.perf_counter)
        patch.setattr(time, "sleep", made.sleep)
        yield made


def turn(**keys: Any) -> dict[str, Any]:
    return {"type": "assistant", "text": SAID, **keys}


def ask(client: FlaskClient, api: str = "chat", **fields: Any) -> Any:
    return client.post(f"/s/a{ROUTE_OF[api]}", json=request_to(api, **fields))


def parts(response: Any) -> list[bytes]:
    return [bytes(part) for part in response.iter_encoded()]


@for_each("api", APIS)
def test_a_stream_opens_at_once_and_each_piece_leaves_at_its_time(
    api: str, make_client: MakeClient, clock: Clock
) -> None:
    client = make_client(turn(latency=SLOW), on_exhausted="loop")
    for _ in range(3):  # rendered for itself, made into a template, filled
        clock.slept.clear()
        opening, *pieces = parts(ask(client, api, stream=True))
        assert not any(word.encode() in opening for word in WORDS)
        assert [word for word, piece in zip(WORDS, pieces, strict=True) if word.encode() in piece]
        assert clock.slept == [0.5, 0.1, 0.1, 0.1]


@for_each("api", APIS)
def test_the_bytes_are_those_that_leave_without_a_latency(
    api: str, make_client: MakeClient, clock: Clock
) -> None:
    assert clock
    call = {"type": "tool_calls", "calls": [{"name": "a", "arguments": {"x": 1}}]}
    client = make_client(turn())
    for session, keys in (("a", {}), ("b", {"latency": SLOW})):
        script = {"turns": [turn(), call], "on_exhausted": "loop", **keys}
        assert client.put(f"/llmsim/sessions/{session}/script", json=script).status_code == 200
    for stream in (True, False):
        for _ in range(6):  # each turn rendered for itself, made into a template, filled
            at_once, later = (
                client.post(f"/s/{session}{ROUTE_OF[api]}", json=request_to(api, stream=stream))
                for session in ("a", "b")
            )
            assert timeless(at_once.data) == timeless(later.data)


def timeless(data: bytes) -> bytes:
    """The bytes without generation and time."""
    return re.sub(rb"[0-9a-f]{16}|\b[0-9]{10}\b", b"", data)


def test_a_piece_that_is_late_makes_no_other_one_late(
    make_client: MakeClient, clock: Clock
) -> None:
    client = make_client(turn(latency=SLOW))
    clock.lag = 0.03
    assert len(parts(ask(client, stream=True))) == 5
    assert clock.slept == [0.5, 0.07, 0.07, 0.07]


def test_pieces_that_are_late_together_leave_together(
    make_client: MakeClient, clock: Clock
) -> None:
    client = make_client(turn(latency=SLOW), turn(latency=SLOW, fault="duplicate"))
    clock.lag = 0.25
    _, *pieces = parts(ask(client, stream=True))
    assert [sum(word.encode() in piece for word in WORDS) for piece in pieces] == [3, 1]
    assert clock.slept == [0.5, 0.05]
    late, *_ = entries(client)
    assert (late["timing"]["actual_ttft_ms"], late["timing"]["actual_end_ms"]) == (750, 1050)
    assert late["timing"]["end_ms"] == 800
    assert len(parts(ask(client, stream=True))) == 5  # a fault keeps its pieces apart


def test_content_that_is_late_and_leaves_with_the_opening_is_the_first_one(clock: Clock) -> None:
    pieces = [Part(b"opening"), Part(b"1", content=True), Part(b"2", content=True)]
    count = Count("chat", "default")
    count.started = clock.now - 0.3  # the request came so long ago
    timing, ending = Timing(count), Ending(None, {}, count)
    left = delivered(Leaving(pieces, iter([0.2, 0.5]), None), ending, timing, lambda: 0.0)
    assert list(left) == [b"opening1", b"2"]
    assert timing.facts(None)["timing"] == {
        "ttft_ms": 200,
        "actual_ttft_ms": 300,
        "end_ms": 700,
        "actual_end_ms": 700,
    }


def test_a_plain_answer_waits_for_all_of_its_tokens_and_an_error_for_a_first_one(
    make_client: MakeClient, clock: Clock
) -> None:
    error = {"type": "error", "kind": "overloaded"}
    client = make_client(turn(latency=SLOW), error, error | {"latency": SLOW})
    assert ask(client).json["choices"][0]["message"]["content"] == SAID
    assert clock.slept == [0.9]
    assert ask(client).status_code == 503
    assert clock.slept == [0.9]
    assert ask(client, stream=True).status_code == 503
    assert clock.slept == [0.9, 0.5]


def test_the_entry_says_when_content_and_end_were_due_and_when_they_left(
    make_client: MakeClient, clock: Clock
) -> None:
    client = make_client(turn(latency=SLOW), turn())
    clock.lag = 0.01
    for stream in (True, False):
        assert ask(client, stream=stream).data
    streamed, at_once = entries(client)
    assert streamed["timing"] == {
        "ttft_ms": 500,
        "actual_ttft_ms": 510,
        "end_ms": 800,
        "actual_end_ms": 810,
    }
    assert streamed["fault"] is None
    assert streamed["outcome"] == "completed"
    assert streamed["chunks"] == 5
    assert "timing" not in at_once
    assert "fault" not in at_once


def test_a_client_that_leaves_in_the_middle_is_on_record_with_what_it_got(
    make_client: MakeClient, clock: Clock
) -> None:
    assert clock
    client = make_client(turn(latency=SLOW))
    response = ask(client, stream=True, buffered=False)
    rest = response.iter_encoded()
    size = len(next(rest))
    next(rest)  # this one it was not seen to take
    response.close()
    (entry,) = entries(client)
    assert (entry["outcome"], entry["chunks"], entry["bytes"]) == ("client_gone", 1, size)
    assert entry["timing"]["actual_ttft_ms"] == 500
    assert entry["timing"]["actual_end_ms"] is None


@for_each("stream", [False, True])
def test_a_broken_connection_is_on_record_before_it_breaks(
    stream: bool, make_client: MakeClient, clock: Clock
) -> None:
    assert clock
    client = make_client(turn(fault="disconnect"), {"type": "error", "kind": "connection_reset"})
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            assert ask(client, stream=stream).data
    broken, reset = entries(client)[-2:]
    assert (broken["status"], broken["outcome"], broken["fault"]) == (
        200,
        "broken_off",
        "disconnect",
    )
    assert (broken["chunks"], broken["position"] % 2) == (1, 0)
    assert (reset["status"], reset["outcome"], reset["bytes"]) == (444, "broken_off", 0)
    assert reset["answer"]["failure"]["kind"] == "connection_reset"


def test_a_client_gets_time_to_read_what_comes_before_a_reset(
    make_client: MakeClient, clock: Clock
) -> None:
    client = make_client(turn(fault="disconnect"), {"type": "error", "kind": "connection_reset"})
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            assert ask(client).data
    assert clock.slept == [0.02]  # nothing came before the second one


def test_without_a_journal_answers_wait_and_break_all_the_same(
    make_client: MakeClient, clock: Clock
) -> None:
    client = make_client(turn(latency=SLOW), turn(fault="disconnect"), journal_mode="off")
    assert len(parts(ask(client, stream=True))) == 5
    assert len(clock.slept) == 4
    with pytest.raises(ConnectionResetError):
        assert ask(client).data


def test_a_split_answer_is_not_escaped(make_client: MakeClient, clock: Clock) -> None:
    assert clock
    client = make_client(turn(text="é\U0001f642", fault="split"), on_exhausted="loop")
    for api in APIS:
        for stream in (True, False):
            pieces = parts(ask(client, api, stream=stream))
            assert "é".encode() in b"".join(pieces)
            assert len(pieces) > 2
            assert any(not is_text(piece) for piece in pieces)


def is_text(piece: bytes) -> bool:
    try:
        piece.decode()
    except UnicodeDecodeError:
        return False
    return True


STREAM_ERRORS = {
    "chat": (b'data: {"error":{"message":"Our servers', b"service_unavailable_error"),
    "responses": (b'event: error\ndata: {"type":"error","sequence_number":', b"response.failed"),
    "openresponses": (
        b'event: error\ndata: {"type":"error","sequence_number":',
        b"response.failed",
    ),
    "anthropic": (b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"', b"}"),
}


@for_each(("api", "expected"), list(STREAM_ERRORS.items()))
def test_a_stream_error_is_the_apis_own_and_ends_the_stream(
    api: str, expected: tuple[bytes, bytes], make_client: MakeClient
) -> None:
    client = make_client(turn(fault="stream_error"))
    stream = ask(client, api, stream=True).data
    begins, holds = expected
    before, _, behind = stream.partition(begins)
    assert behind
    assert holds in behind
    assert b"two" in before
    assert b"three" not in stream
    if "responses" in api:
        numbers = [
            int(part.split(b",")[0].split(b"}")[0])
            for part in stream.split(b'"sequence_number":')[1:]
        ]
        assert numbers == list(range(len(numbers)))
    plain = ask(client, api)
    assert plain.status_code == (529 if api == "anthropic" else 503)


def test_retry_after_and_headers_of_an_error_go_out_in_the_place_of_its_own(
    make_client: MakeClient,
) -> None:
    kinds: list[dict[str, Any]] = [
        {"kind": "overloaded", "retry_after": 7},
        {"kind": "rate_limit", "retry_after": 0},
        {"kind": "rate_limit"},
        {"kind": "rate_limit", "headers": {"retry-AFTER": "soon", "X-Request-Id": "mine"}},
    ]
    turns = [{"type": "error", **kind} for kind in kinds]
    client = make_client(*turns, retry_after=3)
    told = [ask(client).headers for _ in turns]
    assert [headers.getlist("Retry-After") for headers in told] == [["7"], ["0"], ["3"], ["soon"]]
    assert ["retry-after-ms" in headers for headers in told] == [False, True, False, False]
    assert ["x-ratelimit-limit-requests" in headers for headers in told] == [
        False,
        True,
        True,
        True,
    ]
    assert told[3].getlist("x-request-id") == ["mine"]


def test_bad_arguments_arrive_as_they_are(make_client: MakeClient) -> None:
    call = {"type": "tool_calls", "calls": [{"name": "a", "arguments": {"x": 1}, "id": "i"}]}
    client = make_client(call | {"fault": "bad_arguments"}, on_exhausted="loop")
    chat = ask(client).json["choices"][0]["message"]["tool_calls"][0]["function"]
    (item,) = ask(client, "responses").json["output"]
    (block,) = ask(client, "anthropic").json["content"]
    assert [chat["arguments"], item["arguments"], block["input"]] == ['{"x":1'] * 3
    for api in APIS:
        for _ in range(3):
            said = ask(client, api, stream=True).data.replace(b"\\", b"")
            assert b'"x":1}' not in said.replace(b'":"', b"")


def test_settings_say_the_errors_and_limits_of_scripts_that_say_none(
    make_client: MakeClient,
) -> None:
    client: Any = make_client(turn(), timeout_rate=0.5, requests_per_minute=60)
    put = {"errors": {"rate_limit_rate": 0.25}, "turns": [turn()]}
    assert client.put("/llmsim/sessions/b/script", json=put).status_code == 200
    stored = client.get("/llmsim/sessions/b/script").json
    assert stored["errors"] == {
        "rate_limit_rate": 0.25,
        "server_error_rate": 0,
        "timeout_rate": 0.5,
    }
    assert stored["limits"]["requests_per_minute"] == 60
    made = client.post("/llmsim/sessions", json={"script": {"turns": [turn()]}}).json["name"]
    assert client.get(f"/llmsim/sessions/{made}/script").json["limits"] == stored["limits"]
    refused = client.put(
        "/llmsim/sessions/b/script", json=put | {"errors": {"rate_limit_rate": 0.75}}
    )
    assert (refused.status_code, refused.json["error"]["code"]) == (400, "invalid_script")
    assert "the rates add up to 1.25" in refused.json["error"]["message"]


def test_settings_say_the_latency_of_scripts_that_say_none(make_client: MakeClient) -> None:
    settings = Settings(latency_profile="gpt5", tbt_mean_ms=0, latency_scale=0.5, seed=9)
    latency, seed = shared.latency_of(settings)
    assert shared.latency_of(Settings()) == (None, None)
    script = Script.from_spec({"turns": [turn()]})
    assert script.with_latency(None, None) is script
    spec = script.with_latency(latency, seed).to_spec()
    assert spec["latency"] == {"profile": "gpt5", "tbt_mean_ms": 0, "scale": 0.5}
    assert spec["seed"] == 9

    client: Any = make_client(turn(), latency_profile="fast", latency_scale=0.5, seed=9)
    put = {"seed": 1, "latency": {"tbt_mean_ms": 4}, "turns": [turn()]}
    assert client.put("/llmsim/sessions/b/script", json=put).status_code == 200
    stored = client.get("/llmsim/sessions/b/script").json
    assert stored["latency"] == {"profile": "fast", "tbt_mean_ms": 4, "scale": 0.5}
    assert (stored["seed"], stored["turns"]) == (1, put["turns"])
    made = client.post("/llmsim/sessions", json={"script": {"turns": [turn()] * 2}}).json["name"]
    stored = client.get(f"/llmsim/sessions/{made}/script").json
    assert (stored["latency"], stored["seed"]) == ({"profile": "fast", "scale": 0.5}, 9)
    assert stored["turns"] == [turn()] * 2
