"""What is odd about a request is in its entry, and what is in order is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim.playback.findings import fitting
from llmsim.reply import Reply, Text
from tests.conftest import MakeClient
from tests.journal.asking import entries
from tests.requests import ROUTE_OF, request_to

APIS = ["chat", "responses", "openresponses", "anthropic"]
SCHEMA = {
    "type": "object",
    "properties": {"command": {"type": "string"}},
    "required": ["command"],
    "additionalProperties": False,
}
TEXT: dict[str, Any] = {"type": "assistant", "text": "Done."}


def call(name: str, arguments: Any) -> dict[str, Any]:
    return {"type": "tool_calls", "calls": [{"name": name, "arguments": arguments}]}


def tool(api: str, name: str = "bash", schema: Any = SCHEMA) -> dict[str, Any]:
    """A tool as a client of that API offers it."""
    if api == "chat":
        return {"type": "function", "function": {"name": name, "parameters": schema}}
    if api == "anthropic":
        return {"name": name, "input_schema": schema}
    return {"type": "function", "name": name, "parameters": schema, "strict": True}


def wants_json(api: str, schema: Any) -> dict[str, Any]:
    """The fields by which a client of that API asks for JSON."""
    if api == "chat":
        asked = {"name": "answer", "schema": schema}
        return {"response_format": {"type": "json_schema", "json_schema": asked}}
    asked = {"type": "json_schema", "name": "answer", "schema": schema}
    return {"output_config" if api == "anthropic" else "text": {"format": asked}}


def asked(client: FlaskClient, api: str = "chat", **fields: Any) -> list[dict[str, str]]:
    """Ask; what was found at the request."""
    response = client.post(ROUTE_OF[api], json=request_to(api, **fields))
    assert response.status_code == 200, response.data
    found: list[dict[str, str]] = entries(client, "default")[-1].get("findings", [])
    return found


def kinds(found: list[dict[str, str]]) -> list[str]:
    return [each["kind"] for each in found]


# The script against the agent


def test_each_script_of_a_folder_is_held_against_what_is_offered(make_client: MakeClient) -> None:
    client = make_client(TEXT)
    for name, arguments in (("good", {"command": "ls"}), ("bad", {"cmd": "ls"})):
        script = {"turns": [call("bash", arguments)], "when": {"model": name}}
        assert client.put(f"/llmsim/scripts/{name}", json=script).status_code == 200
    assert asked(client, model="good", tools=[tool("chat")]) == []
    assert kinds(asked(client, model="bad", tools=[tool("chat")])) == ["unfit_arguments"]


@pytest.mark.parametrize("api", APIS)
def test_a_call_of_a_tool_that_is_not_offered_is_found_with_what_is_offered(
    make_client: MakeClient, api: str
) -> None:
    client = make_client(call("bahs", {"command": "ls"}))
    found = asked(client, api, tools=[tool(api), tool(api, "read")])
    assert found == [
        {
            "kind": "unoffered_tool",
            "text": "the script calls 'bahs'; the request offers 'bash', 'read'; "
            "did you mean 'bash'?",
        }
    ]
    assert asked(client, api)[0]["text"] == "the script calls 'bahs'; the request offers no tool"


@pytest.mark.parametrize("api", APIS)
def test_a_tool_that_a_text_names_and_a_search_offers_is_no_finding(
    make_client: MakeClient, api: str
) -> None:
    client = make_client(call("mcp__s__step", {}))
    named = {"role": "user", "content": "Load these by ToolSearch:\nTaskGet\nmcp__s__step\n"}
    key = "input" if "responses" in api else "messages"
    says = {key: [named]}
    search = tool(api, "ToolSearch")
    assert asked(client, api, tools=[tool(api), search], **says) == []
    assert kinds(asked(client, api, tools=[tool(api)], **says)) == ["unoffered_tool"]
    assert kinds(asked(client, api, tools=[tool(api), search])) == ["unoffered_tool"]
    other = {key: [{**named, "content": "mcp__s__steps"}]}
    assert kinds(asked(client, api, tools=[search], **other)) == ["unoffered_tool"]


def test_a_name_in_other_letters_is_not_searched_for(make_client: MakeClient) -> None:
    client = make_client(call("bash", {}))
    says = [{"role": "user", "content": "Shell: bash"}]
    tools = [tool("chat", "Bash"), tool("chat", "tool_search")]
    (found,) = asked(client, tools=tools, messages=says)
    assert found["text"].endswith("did you mean 'Bash'?")


@pytest.mark.parametrize("api", APIS)
def test_arguments_that_the_offered_schema_refuses_are_found_with_the_place(
    make_client: MakeClient, api: str
) -> None:
    client = make_client(call("bash", {"command": 3}))
    (found,) = asked(client, api, tools=[tool(api)])
    assert found["kind"] == "unfit_arguments"
    assert "'bash'" in found["text"]
    assert found["text"].endswith('$.command: 3 is not of type "string"')


@pytest.mark.parametrize("api", APIS)
def test_a_call_that_fits_is_no_finding(make_client: MakeClient, api: str) -> None:
    client = make_client(call("bash", {"command": "ls"}), TEXT)
    assert asked(client, api, tools=[tool(api)]) == []
    assert asked(client, api, tools=[tool(api)]) == []  # a text: which calls nothing


def test_a_turn_is_held_against_each_request_s_own_tools(make_client: MakeClient) -> None:
    client = make_client(call("bash", {"command": 3}))
    loose = {"type": "object"}
    for _ in range(2):
        assert kinds(asked(client, tools=[tool("chat")])) == ["unfit_arguments"]
        assert asked(client, tools=[tool("chat", schema=loose)]) == []
        assert kinds(asked(client, tools=[tool("chat", "other")])) == ["unoffered_tool"]


def test_two_turns_of_one_script_are_not_taken_for_one_another(make_client: MakeClient) -> None:
    client = make_client(call("bash", {"command": 3}), call("bash", {"command": "ls"}))
    assert kinds(asked(client, tools=[tool("chat")])) == ["unfit_arguments"]
    assert asked(client, tools=[tool("chat")]) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"$ref": "file:///etc/hostname"},
        {"$ref": "http://127.0.0.1:9/schema"},
        3,
        None,
    ],
)
def test_a_schema_that_is_wrong_or_elsewhere_refuses_nothing(
    make_client: MakeClient, schema: Any
) -> None:
    client = make_client(call("bash", {"command": 3}))
    assert asked(client, tools=[tool("chat", schema=schema)]) == []


def test_a_schema_cannot_make_the_server_read_a_file(
    make_client: MakeClient, tmp_path: Path
) -> None:
    file = tmp_path / "schema.json"
    file.write_text('{"type": "string"}', "utf-8")
    client = make_client(call("bash", {"command": 3}))
    assert asked(client, tools=[tool("chat", schema={"$ref": file.as_uri()})]) == []


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "_REMEMBERED", 3)
    checks = fitting.Fitting()
    reply = Reply((Text("no JSON"),))
    for turn in range(20):
        assert [found.kind for found in checks.text(turn, reply, {})] == ["unfit_text"]
        assert len(checks._known) <= 3


@pytest.mark.parametrize("api", APIS)
def test_a_text_that_is_no_json_where_json_is_asked_for_is_found(
    make_client: MakeClient, api: str
) -> None:
    client = make_client(TEXT, {"type": "assistant", "text": '{"command": 3}'})
    wanted = wants_json(api, SCHEMA)
    (found,) = asked(client, api, **wanted)
    assert found == {
        "kind": "unfit_text",
        "text": "the request asks for JSON, and the script says 'Done.'",
    }
    (found,) = asked(client, api, **wanted)
    assert found["kind"] == "unfit_text"
    assert found["text"].endswith('$.command: 3 is not of type "string"')


@pytest.mark.parametrize("api", APIS)
def test_a_text_that_fits_or_of_which_nothing_is_asked_is_no_finding(
    make_client: MakeClient, api: str
) -> None:
    client = make_client({"type": "assistant", "text": '{"command": "ls"}'})
    assert asked(client, api, **wants_json(api, SCHEMA)) == []
    assert asked(client, api) == []


def test_any_object_will_do_where_no_schema_is_given(make_client: MakeClient) -> None:
    client = make_client({"type": "assistant", "text": "[]"}, {"type": "assistant", "text": "{}"})
    wanted: dict[str, Any] = {"response_format": {"type": "json_object"}}
    assert kinds(asked(client, **wanted)) == ["unfit_text"]
    assert asked(client, **wanted) == []


def test_a_text_that_is_made_as_it_plays_is_looked_at_each_time(make_client: MakeClient) -> None:
    client = make_client({"type": "echo"})
    wanted = wants_json("chat", SCHEMA)
    for said, expected in (
        ("no", ["unfit_text"]),
        ('{"command": "ls"}', []),
        ("no", ["unfit_text"]),
    ):
        history = [{"role": "user", "content": said}]
        assert kinds(asked(client, messages=history, **wanted)) == expected


def test_what_was_found_stays_in_entries_without_bodies(make_client: MakeClient) -> None:
    client = make_client(call("bahs", {}), journal_mode="meta")
    assert kinds(asked(client)) == ["unoffered_tool"]


# The client against what it was served


def answered(api: str, *names: str) -> list[dict[str, Any]]:
    """An answer that calls `bash` under these ids, as a client sends it back."""
    if api == "chat":
        calls = [
            {"id": name, "type": "function", "function": {"name": "bash", "arguments": "{}"}}
            for name in names
        ]
        return [{"role": "assistant", "content": None, "tool_calls": calls}]
    if api == "anthropic":
        uses = [{"type": "tool_use", "id": name, "name": "bash", "input": {}} for name in names]
        return [{"role": "assistant", "content": uses}]
    return [
        {"type": "function_call", "call_id": name, "name": "bash", "arguments": "{}"}
        for name in names
    ]


def results(api: str, *names: str) -> list[dict[str, Any]]:
    """The results of these calls."""
    if api == "chat":
        return [{"role": "tool", "tool_call_id": name, "content": "ok"} for name in names]
    if api == "anthropic":
        blocks = [{"type": "tool_result", "tool_use_id": name, "content": "ok"} for name in names]
        return [{"role": "user", "content": blocks}]
    return [{"type": "function_call_output", "call_id": name, "output": "ok"} for name in names]


USER = {"role": "user", "content": "Go."}


def sent(client: FlaskClient, api: str, *history: dict[str, Any]) -> list[dict[str, str]]:
    key = "input" if "responses" in api else "messages"
    return asked(client, api, **{key: [USER, *history]})


@pytest.mark.parametrize("api", APIS)
def test_a_call_without_its_result_is_found(make_client: MakeClient, api: str) -> None:
    client = make_client(TEXT)
    found = sent(client, api, *answered(api, "call_a", "call_b"), *results(api, "call_a"))
    assert found == [
        {
            "kind": "unanswered_call",
            "text": "the history goes on without the result of the call call_b",
        }
    ]
    assert kinds(sent(client, api, *answered(api, "call_a"), USER)) == ["unanswered_call"]


@pytest.mark.parametrize("api", APIS)
def test_two_results_of_one_call_are_found(make_client: MakeClient, api: str) -> None:
    client = make_client(TEXT)
    twice = sent(client, api, *answered(api, "call_a"), *results(api, "call_a", "call_a"))
    assert twice == [
        {"kind": "repeated_result", "text": "the history holds two results of the call call_a"}
    ]
    again = [*answered(api, "call_a"), *results(api, "call_a"), *answered(api, "call_b")]
    assert kinds(sent(client, api, *again, *results(api, "call_b", "call_a"))) == [
        "repeated_result"
    ]


@pytest.mark.parametrize("api", APIS)
def test_each_call_answered_once_is_no_finding(make_client: MakeClient, api: str) -> None:
    client = make_client(TEXT)
    first = [*answered(api, "call_a", "call_b"), *results(api, "call_b", "call_a")]
    assert sent(client, api) == []
    assert sent(client, api, *first) == []
    assert sent(client, api, *first, *answered(api, "call_c"), *results(api, "call_c")) == []


WHOLE = "The file is a.txt, and it is empty."


def said(api: str, text: str) -> list[dict[str, Any]]:
    """An answer of this text, as a client sends it back, and what the user says then."""
    return [{"role": "assistant", "content": text}, USER]


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("order", ["arrival", "history"])
def test_a_part_of_an_answer_that_stands_for_the_whole_is_found(
    make_client: MakeClient, api: str, order: str
) -> None:
    client = make_client(TEXT)
    turns = [{"type": "assistant", "text": WHOLE}, TEXT, TEXT]
    client.put("/llmsim/sessions/default/script", json={"order": order, "turns": turns})
    assert sent(client, api) == []
    assert sent(client, api, *said(api, "The file is a.txt,")) == [
        {
            "kind": "cut_answer",
            "text": "the history holds a part of the last answer: 'The file is a.txt,'",
        }
    ]
    assert sent(client, api, *said(api, f"  {WHOLE}\n")) == []
    foreign = ["foreign_answers"] if order == "history" else []
    assert kinds(sent(client, api, *said(api, "Something else."))) == foreign


@pytest.mark.parametrize("api", ["chat", "responses", "openresponses"])
def test_a_part_of_a_call_s_arguments_is_found(make_client: MakeClient, api: str) -> None:
    client = make_client(call("bash", {"command": "ls"}), TEXT, TEXT)
    sent(client, api)
    for arguments, expected in (
        ('{"command":"l', ["cut_answer"]),
        ('{"command": "ls"}', []),
    ):
        (message,) = answered(api, "call_a")
        made = message["tool_calls"][0]["function"] if api == "chat" else message
        made["arguments"] = arguments
        found = sent(client, api, message, *results(api, "call_a"))
        assert [kind for kind in kinds(found) if kind == "cut_answer"] == expected


def test_a_cut_answer_that_was_asked_for_again_is_none(make_client: MakeClient) -> None:
    longer = {"type": "assistant", "text": f"{WHOLE} Really."}
    client = make_client(longer, {"type": "assistant", "text": WHOLE}, TEXT)
    sent(client, "chat")
    sent(client, "chat")
    assert sent(client, "chat", *said("chat", WHOLE)) == []


def test_errors_between_do_not_hide_it(make_client: MakeClient) -> None:
    error = {"type": "error", "kind": "rate_limit"}
    client = make_client({"type": "assistant", "text": WHOLE}, error, error, TEXT)
    sent(client, "chat")
    for _ in range(2):
        body = request_to("chat", messages=[USER, *said("chat", "The file")])
        client.post(ROUTE_OF["chat"], json=body)
    assert kinds(sent(client, "chat", *said("chat", "The file"))) == ["cut_answer"]


def test_a_history_that_ends_with_the_answer_is_a_prefill_and_no_finding(
    make_client: MakeClient,
) -> None:
    assert sent(make_client(TEXT), "chat", *answered("chat", "call_a")) == []


def test_results_without_ids_are_not_compared(make_client: MakeClient) -> None:
    client = make_client(TEXT)
    nameless = {"role": "tool", "content": "ok"}
    assert sent(client, "chat", *answered("chat", "call_a"), nameless, nameless) == [
        {
            "kind": "unanswered_call",
            "text": "the history goes on without the result of the call call_a",
        }
    ]


def test_findings_are_bounded(make_client: MakeClient) -> None:
    client = make_client(TEXT)
    names = [f"call_{number}" for number in range(1000)]
    found = sent(client, "chat", *answered("chat", *names), USER)
    assert len(found) == 5
    assert len(json.dumps(found)) < 1000
