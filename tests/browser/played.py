"""Sessions for the page to show, played over HTTP as agents do."""

from __future__ import annotations

from typing import Any

import httpx

from tests.running import PATIENCE, Server, text

SCRIPT: dict[str, Any] = {
    "turns": [
        text("Hello! What shall I look for?"),
        {
            "type": "tool_calls",
            "calls": [{"name": "bash", "arguments": {"command": "ls"}}],
            "expect": {"last_contains": "ls"},
        },
        {"type": "error", "kind": "rate_limit"},
        text("Nothing is wrong."),
        text("Done."),
    ],
    "tracks": [
        {
            "name": "title",
            "when": {"system_contains": "title"},
            "turns": [text("Files in a folder")],
        }
    ],
}
BY_HISTORY: dict[str, Any] = {
    "order": "history",
    "turns": [
        {"type": "tool_calls", "calls": [{"name": "bash", "arguments": {"command": "ls"}}]},
        {"type": "error", "kind": "rate_limit"},
        {
            "type": "tool_calls",
            "calls": [{"name": "bash", "arguments": {"command": "cat a"}}],
            "expect": {"last_contains": "a.txt"},
        },
        text("The end"),
    ],
}
TOOLS = [{"type": "function", "function": {"name": "bash", "parameters": {"type": "object"}}}]

Message = dict[str, Any]


def user(words: str) -> Message:
    return {"role": "user", "content": words}


class Agent:
    """An agent of a session that keeps its history."""

    def __init__(self, server: Server, session: str) -> None:
        self.url = f"{server.origin}/s/{session}/openai/v1/chat/completions"
        self.messages: list[Message] = []

    def ask(self, *messages: Message, **headers: str) -> httpx.Response:
        """Send the history and these messages."""
        self.messages += messages
        body = {"model": "gpt-5", "messages": self.messages, "tools": TOOLS}
        answer = httpx.post(self.url, json=body, headers=headers, timeout=PATIENCE)
        if answer.status_code == 200:
            self.messages.append(answer.json()["choices"][0]["message"])
        return answer

    def result(self, words: str) -> Message:
        """What the tool that was called last returned."""
        call = self.messages[-1]["tool_calls"][0]["id"]
        return {"role": "tool", "tool_call_id": call, "content": words}


def control(server: Server, method: str, path: str, body: Any = None, **options: Any) -> Any:
    """What the control API gives."""
    url = f"{server.origin}/llmsim{path}"
    answer = httpx.request(method, url, json=body, timeout=PATIENCE, **options)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def played_by_arrival(server: Server, session: str) -> None:
    """A title, and four turns, of which one met what the script does not expect."""
    Agent(server, session).ask({"role": "system", "content": "make a title"}, user("Hi there"))
    agent = Agent(server, session)
    agent.ask(user("Hi there"))
    agent.ask(user("look around"))
    agent.ask(agent.result("app.py"))
    agent.ask(**{"x-stainless-retry-count": "1"})


def played_by_history(server: Server, session: str) -> None:
    """Three conversations: one to the end, one that stops at step 1 and one at step 0."""
    control(server, "POST", "/sessions", {"name": session, "script": BY_HISTORY})
    for number, steps in enumerate((3, 2, 1)):
        agent = Agent(server, session)
        agent.ask(user(f"conversation {number}"))
        for step in range(1, steps):
            agent.messages.append(agent.result("a.txt" if number == 0 else "nothing"))
            if agent.ask().status_code == 429:
                agent.ask()
            assert len(agent.messages) == 2 * step + 2
