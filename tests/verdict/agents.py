"""Agents that do the right thing and agents that do not, on any API, for the tests here."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from llmsim.verdict import Verdict
from tests.requests import ROUTE_OF, request_to

APIS = ["chat", "responses", "openresponses", "anthropic"]
USER = {"role": "user", "content": "Go."}
CALL: dict[str, Any] = {"type": "tool_calls", "calls": [{"name": "bash", "arguments": {}}]}
SAY: dict[str, Any] = {"type": "assistant", "text": "Done."}
LONG: dict[str, Any] = {"type": "lorem", "tokens": 10_000}
ERROR: dict[str, Any] = {"type": "error", "kind": "rate_limit"}


def tool(api: str) -> dict[str, Any]:
    """The tool `bash` as a client of that API offers it."""
    schema = {"type": "object"}
    if api == "chat":
        return {"type": "function", "function": {"name": "bash", "parameters": schema}}
    if api == "anthropic":
        return {"name": "bash", "input_schema": schema}
    return {"type": "function", "name": "bash", "parameters": schema, "strict": False}


class Agent:
    """An agent with one conversation on one API of one session."""

    def __init__(self, client: FlaskClient, session: str = "a", api: str = "chat") -> None:
        self._client = client
        self._api = api
        self._path = f"/s/{session}{ROUTE_OF[api]}"
        self.history: list[Any] = [USER]

    def ask(self, headers: dict[str, str] | None = None, **fields: Any) -> Any:
        """Send the history as it is; the answer, read to its end."""
        key = "input" if "responses" in self._api else "messages"
        fields = {key: self.history, "tools": [tool(self._api)], **fields}
        body = request_to(self._api, **fields)
        response = self._client.post(self._path, json=body, headers=headers or {})
        assert response.data is not None
        return response

    def leave(self) -> None:
        """Ask, and go away when the answer has begun. It has to be a long one."""
        body = request_to("chat", messages=self.history, stream=True)
        response = self._client.post(self._path, json=body)
        next(iter(response.response))
        response.close()

    def step(self, result: str = "ok") -> Any:
        """Ask, and take what comes into the history: an answer, and results of its calls."""
        response = self.ask()
        if response.status_code == 200:
            self.history += appended(self._api, response.get_json(), result)
        return response


def appended(api: str, payload: Any, result: str) -> list[Any]:
    """What a client adds after an answer."""
    if api == "chat":
        message = payload["choices"][0]["message"]
        calls = message.get("tool_calls") or []
        told = [{"role": "tool", "tool_call_id": each["id"], "content": result} for each in calls]
        return [message, *told]
    if api == "anthropic":
        uses = [block["id"] for block in payload["content"] if block["type"] == "tool_use"]
        told = [{"type": "tool_result", "tool_use_id": use, "content": result} for use in uses]
        answer = {"role": "assistant", "content": payload["content"]}
        return [answer, {"role": "user", "content": told}] if told else [answer]
    items = payload["output"]
    names = [item["call_id"] for item in items if item["type"] == "function_call"]
    kind = "function_call_output"
    return [*items, *({"type": kind, "call_id": name, "output": result} for name in names)]


def put(client: FlaskClient, *turns: dict[str, Any], session: str = "a", **keys: Any) -> None:
    """Give the session a script of these turns."""
    script = {"on_exhausted": "error", "turns": turns, **keys}
    response = client.put(f"/llmsim/sessions/{session}/script", json=script)
    assert response.status_code == 200, response.data


def verdict(client: FlaskClient, session: str = "a", **asked: Any) -> Verdict:
    """The verdict on a session."""
    response = client.get(f"/llmsim/sessions/{session}/verdict", query_string=asked)
    assert response.status_code == 200, response.data
    return Verdict.read(response.get_json())


def why(found: Verdict) -> list[tuple[str, int | None]]:
    """The kinds of the reasons, and the position of each."""
    return [(reason.kind, reason.position) for reason in found.reasons]
