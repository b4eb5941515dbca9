"""`/metrics`: what Prometheus reads."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from llmsim.apis.chat.protocol import RULES
from llmsim.errors import StoreError
from llmsim.metrics.catalog import COUNTER, EXPORTED, HISTOGRAM
from llmsim.playback.findings import KINDS
from llmsim.playback.injected import INJECTED
from llmsim.script.faults import FAULTS
from llmsim.script.turns import TURN_TYPES
from llmsim.serving import shared
from tests.conftest import MakeClient
from tests.each import for_each
from tests.metrics.test_stats import BODY, ask
from tests.requests import CHAT, ROUTE_OF, request_to
from tests.running import ROOT, text
from tests.serving.test_delivered import Clock

STREAM = BODY | {"stream": True}


def families(client: FlaskClient, **headers: str) -> dict[str, Metric]:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def samples(client: FlaskClient, name: str, **labels: str) -> list[Sample]:
    found = [sample for family in families(client).values() for sample in family.samples]
    return [one for one in found if one.name == name and labels.items() <= one.labels.items()]


def value(client: FlaskClient, name: str, **labels: str) -> float:
    (found,) = samples(client, name, **labels)
    return float(found.value)


def test_all_metrics_are_told_of_before_the_first_request(make_client: MakeClient) -> None:
    found = families(make_client(text("a")))
    assert set(found) == {metric.name for metric in EXPORTED}
    for metric in EXPORTED:
        assert (found[metric.name].type, found[metric.name].documentation) == (
            metric.kind,
            metric.help,
        )
        assert len(found[metric.name].samples) > 0 or metric.labels
        assert {sample.value for sample in found[metric.name].samples} <= {0}


def test_requests_have_labels_of_few_values(make_client: MakeClient) -> None:
    call = {"type": "tool_calls", "calls": [{"name": "bash", "arguments": {}}]}
    client = make_client(
        text("a"), call, {"type": "error", "kind": "timeout"}, on_exhausted="error"
    )
    ask(client)
    ask(client, body=STREAM)
    ask(client, body=STREAM)
    ask(client)
    ask(client, f"/s/one{CHAT}", request_to("chat"))
    ask(client, "/s/two" + ROUTE_OF["anthropic"], request_to("anthropic"))
    ask(client, X_LLMSim_Session="three")
    ask(client, Authorization="Bearer llmsim-mine")
    ask(client, X_LLMSim_Error="server_error")
    ask(client, body={})
    client.get("/openai/v1/models").get_data()
    client.get("/openai/v1/nowhere").get_data()
    found = {
        tuple(sample.labels[name] for name in EXPORTED[0].labels): sample.value
        for sample in samples(client, "llmsim_requests_total")
    }
    assert found == {
        ("chat", "false", "200", "assistant", "default"): 1,
        ("chat", "true", "200", "tool_calls", "default"): 1,
        ("chat", "true", "504", "error", "default"): 1,
        ("chat", "false", "500", "exhausted", "default"): 1,
        ("chat", "false", "200", "assistant", "url"): 1,
        ("anthropic", "false", "200", "assistant", "url"): 1,
        ("chat", "false", "200", "assistant", "header"): 1,
        ("chat", "false", "200", "assistant", "key"): 1,
        ("chat", "false", "500", "withheld", "default"): 1,
        ("chat", "false", "400", "refused", "default"): 1,
        ("chat", "false", "200", "other", "default"): 1,
        ("chat", "false", "404", "other", "default"): 1,
    }


def test_sessions_that_settings_find_in_requests_are_a_kind_of_their_own(
    make_client: MakeClient,
) -> None:
    client = make_client(text("a"), session_from=("body:user",))
    ask(client, body=BODY | {"user": "u7"})
    assert value(client, "llmsim_requests_total", session="request") == 1


def test_a_connection_that_is_reset_has_no_status(make_client: MakeClient) -> None:
    client = make_client({"type": "error", "kind": "connection_reset"})
    with pytest.raises(ConnectionResetError):
        ask(client)
    assert value(client, "llmsim_requests_total", status="none", turn="error") == 1
    assert value(client, "llmsim_aborted_total", api="chat", by="script") == 1
    assert value(client, "llmsim_active_requests") == 0
    assert client.get("/llmsim/stats").get_json()["total_errors"] == 1


def test_times_are_in_buckets_that_add_up(make_client: MakeClient) -> None:
    slow = text("one two three") | {"latency": {"ttft_mean_ms": 10, "tbt_mean_ms": 5}}
    client = make_client(slow, text("b"), on_exhausted="loop")
    for body in (STREAM, BODY, STREAM, STREAM):
        ask(client, body=body)
    found = families(client)
    for metric in EXPORTED:
        if metric.kind == HISTOGRAM:
            check_histogram(found[metric.name])
    assert value(client, "llmsim_request_duration_seconds_count", stream="true") == 3
    assert value(client, "llmsim_request_duration_seconds_count", stream="false") == 1
    assert value(client, "llmsim_time_to_first_token_seconds_count", api="chat") == 3
    assert value(client, "llmsim_time_to_first_token_seconds_sum", api="chat") >= 0.02
    assert value(client, "llmsim_claim_seconds_count") == 4
    assert 0 < value(client, "llmsim_claim_seconds_sum") < 1


def check_histogram(family: Metric) -> None:
    """Each bucket holds those before it, the last one all, in the order of their ends."""
    rows: dict[tuple[str, ...], list[tuple[float, float]]] = {}
    counts: dict[tuple[str, ...], float] = {}
    for sample in family.samples:
        labels = tuple(each for name, each in sorted(sample.labels.items()) if name != "le")
        if sample.name.endswith("_bucket"):
            rows.setdefault(labels, []).append((float(sample.labels["le"]), sample.value))
        elif sample.name.endswith("_count"):
            counts[labels] = sample.value
    assert rows.keys() == counts.keys()
    for labels, row in rows.items():
        assert row == sorted(row)
        assert [count for _, count in row] == sorted(count for _, count in row)
        assert row[-1] == (math.inf, counts[labels])
        assert counts[labels] > 0


def test_chunks_are_late_by_what_the_simulator_adds(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(time, "perf_counter", clock.perf_counter)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    waits = {"ttft_mean_ms": 100, "tbt_mean_ms": 200}
    client = make_client(text("one two") | {"latency": waits | {"ttft_stddev_ms": 0}})
    assert ask(client, body=STREAM) == 200
    chunks = value(client, "llmsim_chunk_lateness_seconds_count")
    assert chunks >= 3  # what opens the stream leaves at once
    assert value(client, "llmsim_chunk_lateness_seconds_sum") == pytest.approx(0, abs=1e-6)
    clock.lag = 0.04
    assert ask(client, body=STREAM) == 200
    late = value(client, "llmsim_chunk_lateness_seconds_sum")
    assert late == pytest.approx(0.04 * (chunks - 1), abs=1e-6)


def test_an_answer_without_waits_has_no_chunk_that_could_be_late(make_client: MakeClient) -> None:
    client = make_client(text("a b c"), text("d") | {"fault": "split"})
    ask(client, body=STREAM)
    ask(client, body=STREAM)
    assert value(client, "llmsim_chunk_lateness_seconds_count") == 0


def test_tokens_are_by_api_and_side(make_client: MakeClient) -> None:
    client = make_client(text("one two"))
    for api, route in ROUTE_OF.items():
        ask(client, route, request_to(api))
    answer = client.post(CHAT, json=BODY).get_json()["usage"]
    prompt, completion = answer["prompt_tokens"], answer["completion_tokens"]
    assert value(client, "llmsim_tokens_total", api="chat", kind="prompt") == 2 * prompt
    assert value(client, "llmsim_tokens_total", api="anthropic", kind="completion") == completion
    assert len(samples(client, "llmsim_tokens_total")) == 2 * len(ROUTE_OF)


def test_faults_and_errors_are_counted_by_who_asked_for_them(make_client: MakeClient) -> None:
    client = make_client(text("a b") | {"fault": "split"}, text("c") | {"fault": "disconnect"})
    ask(client, body=STREAM)
    with pytest.raises(ConnectionResetError):
        ask(client, body=STREAM)
    for name in ("rate_limit", "rate_limit", "server_error"):
        ask(client, X_LLMSim_Error=name)
    found = {
        (sample.labels["by"], sample.labels["fault"]): sample.value
        for sample in samples(client, "llmsim_faults_total")
    }
    assert found == {
        ("turn", "split"): 1,
        ("turn", "disconnect"): 1,
        ("header", "rate_limit"): 2,
        ("header", "server_error"): 1,
    }
    assert value(client, "llmsim_aborted_total", by="script") == 1
    assert {fault for by, fault in found if by == "turn"} <= set(FAULTS)
    assert {fault for by, fault in found if by == "header"} <= set(INJECTED)


def test_what_agents_do_wrong_is_counted_by_rule_and_kind(make_client: MakeClient) -> None:
    call = {"type": "tool_calls", "calls": [{"name": "bash", "arguments": {}}]}
    expecting = call | {"expect": {"model": "other", "has_tools": True}}
    client = make_client(expecting, protocol_check="report")
    orphan = {"role": "tool", "tool_call_id": "nobody", "content": "x"}
    ask(client, body=BODY | {"messages": [*BODY["messages"], orphan]})
    assert value(client, "llmsim_expectations_failed_total") == 2
    (violation,) = samples(client, "llmsim_protocol_violations_total")
    assert (violation.labels["rule"] in RULES, violation.value) == (True, 1)
    (finding,) = samples(client, "llmsim_findings_total")
    assert (finding.labels["kind"] in KINDS, finding.value) == (True, 1)


def test_sessions_and_dropped_entries_are_those_of_the_store(make_client: MakeClient) -> None:
    client = make_client(text("a"), journal_max_mb=0)
    for name in ("a", "b", "c"):
        ask(client, f"/s/{name}{CHAT}")
    assert value(client, "llmsim_sessions") == 3
    dropped = value(client, "llmsim_journal_dropped_total")
    assert client.get("/llmsim/stats").get_json()["journal_dropped"] == dropped


def test_a_store_out_of_reach_takes_only_its_own_numbers_along(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(text("a"))
    ask(client)

    def lost(*_: Any) -> None:
        raise StoreError("out of reach")

    monkeypatch.setattr(type(shared._shared.store), "session_count", lost)  # type: ignore[union-attr]
    assert value(client, "llmsim_requests_total") == 1
    found = client.get("/llmsim/stats").get_json()
    assert (found["total_requests"], found["sessions"], found["journal_dropped"]) == (1, None, None)


def test_a_request_that_finds_no_store_is_counted(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = make_client(text("a"))

    def lost(*_: Any, **__: Any) -> None:
        raise StoreError("out of reach")

    monkeypatch.setattr(type(shared._shared.store), "claim", lost)  # type: ignore[union-attr]
    assert ask(client) == 503
    assert value(client, "llmsim_requests_total", status="503", turn="refused") == 1
    assert value(client, "llmsim_active_requests") == 0


def test_a_request_that_is_answered_twice_over_is_counted_once(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of llmsim itself is answered in the dialect of the API, by a second try."""
    client = make_client(text("a"))

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("llmsim.serving.answer.render", broken)
    assert ask(client) == 500
    assert value(client, "llmsim_requests_total") == 1
    assert value(client, "llmsim_active_requests") == 0


Parser = Callable[[str], Any]


@pytest.mark.parametrize(
    "accept", ["application/openmetrics-text; version=1.0.0", "application/openmetrics-text"]
)
def test_prometheus_gets_the_format_that_it_asks_for(make_client: MakeClient, accept: str) -> None:
    client = make_client(text("a"))
    ask(client)
    answer = client.get("/metrics", headers={"Accept": accept})
    assert answer.content_type.startswith("application/openmetrics-text; version=1.0.0")
    found = {family.name: family for family in openmetrics_families(answer.text)}
    assert set(found) == {metric.name for metric in EXPORTED}


@for_each(
    "accept", ["application/openmetrics-text; version=x", "text/plain; version=zz", "*/*", ""]
)
def test_whoever_asks_for_an_odd_format_gets_the_plain_one(
    make_client: MakeClient, accept: str
) -> None:
    assert families(make_client(text("a")), Accept=accept)


def test_the_rules_of_the_control_api_hold(make_client: MakeClient) -> None:
    client = make_client(text("a"), control_token="secret")
    refused = client.get("/metrics")
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (401, "invalid_token")
    key = {"Authorization": "Bearer secret"}
    assert families(client, **key)
    for headers, code in (
        ({"Host": "evil.example"}, "foreign_host"),
        ({"Origin": "http://evil.example"}, "foreign_origin"),
    ):
        refused = client.get("/metrics", headers=key | headers)
        assert (refused.status_code, refused.get_json()["error"]["code"]) == (403, code)
        assert "Access-Control-Allow-Origin" not in refused.headers


def test_where_nothing_is_counted_there_is_nothing_to_read(make_client: MakeClient) -> None:
    answer = make_client(text("a"), metrics=False).get("/metrics")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "metrics_off")


def test_another_method_is_refused_in_the_shape_of_the_control_api(make_client: MakeClient) -> None:
    answer = make_client(text("a")).post("/metrics")
    assert answer.status_code == 405
    assert answer.get_json()["error"].keys() == {"message", "code"}


def test_who_asks_for_the_index_is_told_where_they_are(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    assert client.get(client.get("/").get_json()["metrics"]).status_code == 200


def test_the_readme_lists_what_is_exported_with_its_labels() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    listed = re.findall(r"^\| `(llmsim_\w+)` \|([^|]*)\|", readme, re.MULTILINE)
    assert {name: tuple(re.findall(r"`(\w+)`", labels)) for name, labels in listed} == {
        metric.name + ("_total" if metric.kind == COUNTER else ""): metric.labels
        for metric in EXPORTED
    }


def test_turn_types_are_the_script_s_own_words() -> None:
    assert not {"refused", "withheld", "exhausted", "other"} & set(TURN_TYPES)
