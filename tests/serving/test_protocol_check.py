"""What becomes of a request that the real API would refuse: reported, refused, or let alone."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.apis.protocol_cases import ACCEPTED, CASES, Case, call, messages, output, tool_result
from tests.conftest import MakeClient
from tests.journal.asking import ask, entries
from tests.requests import ROUTE_OF
from tests.running import numbered, text

BROKEN: dict[str, Any] = {
    "messages": [
        {"role": "user", "content": "x"},
        {"role": "tool", "tool_call_id": "a", "content": "ok"},
        {"role": "tool", "tool_call_id": "b"},
    ]
}
ORPHAN = "messages with role 'tool' must be a response to a preceeding message"
SAID = {
    "rule": "result_without_call",
    "index": 1,
    "param": "messages.[1].role",
    "code": None,
    "found": "a result of the call a",
    "hint": "The history was probably cut between message 0 and 1.",
}
CALLS: dict[str, Any] = {
    "type": "tool_calls",
    "calls": [{"name": "f"}, {"name": "f", "id": "mine"}],
}
THOUGHT: dict[str, Any] = {**text("Hello"), "reasoning": "Hm."}


def put(client: FlaskClient, *turns: dict[str, Any], **keys: Any) -> None:
    script = {"turns": turns, **keys}
    assert client.put("/llmsim/sessions/a/script", json=script).status_code == 200


def position(client: FlaskClient) -> int:
    found: int = client.get("/s/a/health").get_json()["position"]
    return found


def error_of(api: str, case: Case) -> dict[str, Any]:
    """The error object in which the API words a refusal."""
    if api == "anthropic":
        return {"type": "invalid_request_error", "message": case.message}
    if api == "openresponses":  # its error types are others, and nothing is null
        param, code = case.param or "", case.code or "invalid_request"
        return {"message": case.message, "type": "invalid_request", "param": param, "code": code}
    kind = "invalid_request_error"
    return {"message": case.message, "type": kind, "param": case.param, "code": case.code}


@pytest.mark.parametrize("api", CASES)
def test_refuse_answers_in_the_words_of_the_api_and_takes_no_turn(
    make_client: MakeClient, api: str
) -> None:
    client = make_client(text("Hello"), protocol_check="refuse")
    cases = [case for case in CASES[api] if case.rule != "item_without_reasoning"]
    for case in cases:
        for stream in (False, True):
            response = client.post(f"/s/a{ROUTE_OF[api]}", json={**case.refused, "stream": stream})
            assert (response.status_code, response.mimetype) == (400, "application/json"), case
            assert response.get_json()["error"] == error_of(api, case)
            assert not {"X-LLMSim-Position", "X-LLMSim-Turn"} & {*response.headers.keys()}
    assert position(client) == 0
    taken = [case.taken for case in cases] + list(ACCEPTED[api].values())
    for body in taken:
        for stream in (False, True):
            response = client.post(f"/s/a{ROUTE_OF[api]}", json={**body, "stream": stream})
            assert response.status_code == 200, (body, response.data)
            assert response.data
    assert position(client) == 2 * len(taken)
    assert "violations" not in entries(client)[-1]


def test_report_serves_the_turn_and_tells_the_journal(make_client: MakeClient) -> None:
    client = make_client(*numbered(2))
    assert ask(client, **BROKEN).get_json()["choices"][0]["message"]["content"] == "0"
    assert ask(client).status_code == 200
    broken, sound = entries(client)
    assert (broken["position"], broken["turn"], broken["status"]) == (0, 0, 200)
    first, second = broken["violations"]
    assert first.items() >= SAID.items()
    assert ORPHAN in first["message"]
    assert second["rule"] == "content_missing"
    assert "violations" not in sound


def test_a_refused_request_is_in_the_journal_with_its_reason(make_client: MakeClient) -> None:
    client = make_client(text("a"), protocol_check="refuse", journal_mode="meta")
    assert ask(client, **BROKEN).status_code == 400
    (entry,) = entries(client)
    assert (entry["position"], entry["turn"], entry["status"]) == (None, None, 400)
    assert entry["reason"] == "protocol"
    assert entry["violations"][0].items() >= SAID.items()
    assert entry["answer"]["failure"]["message"] == entry["violations"][0]["message"]
    assert entry["answer"]["failure"]["kind"] == "invalid_request"


def test_an_entry_lists_the_first_violations_of_many(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    broken = [{"role": "user", "content": ""}] * 30
    body = messages(*broken, {"role": "user", "content": "x"})
    ask(client, route=ROUTE_OF["anthropic"], **body)
    (entry,) = entries(client)
    assert [violation["index"] for violation in entry["violations"]] == list(range(1, 21))


def test_the_session_says_it_first_then_the_script_then_the_setting(
    make_client: MakeClient,
) -> None:
    answers = {"report": (200, True), "refuse": (400, True), "off": (200, False)}
    words = [None, *answers]
    for by_default in answers:
        client = make_client(text("default"), protocol_check=by_default)
        for number, (own, scripted) in enumerate((one, two) for one in words for two in words):
            name = f"{by_default}-{number}"
            script = {"turns": [text("own")], "protocol": scripted}
            session = {"name": name, "script": script, **({"protocol": own} if own else {})}
            assert client.post("/llmsim/sessions", json=session).status_code == 201
            status = ask(client, name, **BROKEN).status_code
            (entry,) = entries(client, name)
            expected = answers[own or scripted or by_default]
            assert (status, "violations" in entry) == expected, (own, scripted, by_default)


def test_a_session_cannot_be_made_with_another_word(make_client: MakeClient) -> None:
    response = make_client(text("a")).post("/llmsim/sessions", json={"protocol": "maybe"})
    assert response.status_code == 400
    assert "report, refuse, off" in response.get_json()["error"]["message"]


def test_what_is_refused_does_not_spend_a_scripted_error(make_client: MakeClient) -> None:
    client = make_client({"type": "error", "kind": "rate_limit"}, text("a"))
    put(client, {"type": "error", "kind": "rate_limit"}, text("a"), protocol="refuse")
    assert [ask(client, **body).status_code for body in (BROKEN, {}, BROKEN, {})] == [
        400,
        429,
        400,
        200,
    ]


def responses(client: FlaskClient, items: Any, **fields: Any) -> Any:
    response = ask(client, route=ROUTE_OF["responses"], input=items, **fields)
    payload = response.get_json()
    return payload if response.status_code == 200 else payload["error"]["message"]


@pytest.mark.parametrize("order", ["arrival", "history"])
@pytest.mark.parametrize("on_exhausted", ["error", "loop"])
def test_what_the_previous_response_called_has_to_be_answered(
    make_client: MakeClient, order: str, on_exhausted: str
) -> None:
    client = make_client(text("a"))
    put(client, text("Hi"), CALLS, order=order, on_exhausted=on_exhausted, protocol="refuse")
    laps = 2 if on_exhausted == "loop" else 1
    history: list[dict[str, Any]] = [{"role": "user", "content": "x"}]
    before: dict[str, Any] = {}
    for _ in range(laps):
        said = responses(client, history, **before)
        before = {} if order == "history" else {"previous_response_id": said["id"]}
        history = [*history, *said["output"]] if order == "history" else []
        called = responses(client, [*history, {"role": "user", "content": "y"}], **before)
        first, second = [item["call_id"] for item in called["output"]]
        assert second == "mine"
        before = {"previous_response_id": called["id"]}
        told = responses(client, "Go on.", **before)
        assert told == f"No tool output found for function call {first}."
        told = responses(client, [output(first), output("mine"), output("z")], **before)
        assert told == "No tool call found for function call output with call_id z."
        if order == "history":
            history += [{"role": "user", "content": "y"}, *called["output"]]
            before = {}
        history += [output(first), output("mine")]


@pytest.mark.parametrize("order", ["arrival", "history"])
def test_outputs_that_an_earlier_response_had_may_come_again(
    make_client: MakeClient, order: str
) -> None:
    client = make_client(text("a"))
    more = {"type": "tool_calls", "calls": [{"name": "f"}, {"name": "f", "id": "later"}]}
    put(client, CALLS, more, text("b"), order=order, protocol="refuse")

    def outputs(said: dict[str, Any]) -> list[dict[str, Any]]:
        return [output(item["call_id"]) for item in said["output"]]

    one = responses(client, "x")
    two = responses(client, outputs(one), previous_response_id=one["id"])
    again = [*outputs(one), *outputs(two)]
    # The client did not take the newer response for the previous one.
    told = responses(client, again, previous_response_id=one["id"])
    newer = again[2]["call_id"]
    assert told == f"No tool call found for function call output with call_id {newer}."
    told = responses(client, [*again, output("z")], previous_response_id=two["id"])
    assert told == "No tool call found for function call output with call_id z."
    three = responses(client, again, previous_response_id=two["id"])
    assert three["output"][0]["content"][0]["text"] == "b"


def test_a_call_id_of_the_script_may_begin_as_a_made_one(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    call = {"type": "tool_calls", "calls": [{"name": "f", "id": "call_llmsim_mine"}]}
    put(client, call, CALLS, text("b"), protocol="refuse")
    one = responses(client, "x")
    mine = output("call_llmsim_mine")
    two = responses(client, [mine], previous_response_id=one["id"])
    again = [mine, *(output(item["call_id"]) for item in two["output"])]
    three = responses(client, again, previous_response_id=two["id"])
    assert three["output"][0]["content"][0]["text"] == "b"


def test_nothing_is_known_of_a_response_of_another_generation(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    put(client, CALLS, text("b"), protocol="refuse")
    called = responses(client, "x")
    assert client.post("/llmsim/sessions/a/reset").status_code == 200
    assert isinstance(responses(client, "y", previous_response_id=called["id"]), dict)
    assert isinstance(responses(client, [output("z")], previous_response_id="resp_1"), dict)


def test_a_reference_stands_for_the_call_that_was_made(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    put(client, CALLS, text("b"), protocol="refuse")
    one, two = responses(client, "x")["output"]
    referred = [{"type": "item_reference", "id": item["id"]} for item in (one, two)]
    told = responses(client, [*referred, output("mine")])
    assert told == f"No tool output found for function call {one['call_id']}."
    told = responses(client, [*referred, output("mine"), output("z"), output(one["call_id"])])
    assert told == "No tool call found for function call output with call_id z."
    answered = [*referred, output("mine"), output(one["call_id"])]
    assert isinstance(responses(client, answered), dict)


@pytest.mark.parametrize("order", ["arrival", "history"])
def test_an_item_that_was_thought_of_comes_with_its_reasoning(
    make_client: MakeClient, order: str
) -> None:
    client = make_client(text("a"))
    put(client, THOUGHT, text("b"), text("c"), order=order, protocol="refuse")
    thought, said = responses(client, "x")["output"]
    user = {"role": "user", "content": "y"}
    told = responses(client, [user, said, user])
    assert told == (
        f"Item '{said['id']}' of type 'message' was provided without its required 'reasoning' "
        f"item: '{thought['id']}'."
    )
    told = responses(client, [user, thought, user])
    assert told == (
        f"Item '{thought['id']}' of type 'reasoning' was provided without its required following "
        "item."
    )
    second = responses(client, [user, thought, said, user])
    (plain,) = second["output"]
    assert isinstance(responses(client, [user, plain, user]), dict)
    without_id = {name: value for name, value in said.items() if name != "id"}
    assert isinstance(responses(client, [user, without_id, user]), dict)


def test_calls_and_results_of_one_turn_are_checked_together(make_client: MakeClient) -> None:
    """The cases name ids of their own; here they are those that were made."""
    client = make_client(CALLS, text("b"), protocol_check="refuse")
    content = ask(client, route=ROUTE_OF["anthropic"]).get_json()["content"]
    ids = [block["id"] for block in content]
    history = [
        {"role": "user", "content": "x"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": [tool_result(ids[1])]},
    ]
    refused = ask(client, route=ROUTE_OF["anthropic"], messages=history)
    assert f"immediately after: {ids[0]}." in refused.get_json()["error"]["message"]
    history[2]["content"] = [tool_result(name) for name in ids]
    assert ask(client, route=ROUTE_OF["anthropic"], messages=history).status_code == 200


def test_a_token_count_is_not_checked(make_client: MakeClient) -> None:
    client = make_client(text("a"), protocol_check="refuse")
    body = messages({"role": "user", "content": [tool_result("a")]})
    route = "/anthropic/v1/messages/count_tokens"
    assert client.post(route, json=body).status_code == 200


def test_an_id_that_nobody_made_here_names_no_turn(make_client: MakeClient) -> None:
    client = make_client(THOUGHT, protocol_check="refuse")
    items = [call("a", "fc_1"), output("a")]
    assert isinstance(responses(client, items), dict)


@pytest.mark.parametrize("word", ["report", "refuse"])
def test_a_verdict_names_what_the_real_api_would_refuse(make_client: MakeClient, word: str) -> None:
    client = make_client(*numbered(2), protocol_check=word, journal_mode="meta")
    ask(client, **BROKEN)
    ask(client, **BROKEN)
    ask(client)
    verdict = client.get("/llmsim/sessions/a/verdict").get_json()
    assert not verdict["passed"]
    told = [each for each in verdict["reasons"] if each["kind"] == "violation"]
    (orphan,) = (each for each in told if each["text"].startswith("result_without_call: "))
    assert orphan["position"] == (0 if word == "report" else None)
    said = f"message 1: {SAID['found']}. {SAID['hint']} The real API says: "
    assert said in orphan["text"]
    assert ORPHAN in orphan["text"]
    assert any(each["text"].startswith("content_missing: ") for each in told)
