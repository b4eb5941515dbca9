"""Journal entries as text for people: what an agent sent, and what it got.

Short enough for the page of a CI job, and without colour.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from llmsim.apis import APIS
from llmsim.conversation import RESULT_ROLE, Message
from llmsim.errors import RequestError

Entry = Mapping[str, Any]

_MOST_CHARACTERS: Final = 160  # of a text
_MOST_RESULTS: Final = 4  # of one request
_MOST_VIOLATIONS: Final = 2  # of one request
_AT_EACH_END: Final = 20  # requests
_RENDERERS: Final = {api.renderer.name: api.renderer for api in APIS}


def transcript(entries: Iterable[Entry]) -> Iterator[str]:
    """The lines of a conversation; of a long one, its two ends.

    `entries` are a journal's, those of a session one after the other.
    """
    rest = iter(entries)
    begin = list(islice(rest, _AT_EACH_END))
    end: deque[Entry] = deque(maxlen=_AT_EACH_END)
    others = 0
    for entry in rest:
        end.append(entry)
        others += 1
    session = ""
    for number, entry in enumerate([*begin, *end]):
        if number == len(begin) and others > len(end):
            yield f"... {others - len(end)} requests are left out ..."
        if entry["session"] != session:
            session = entry["session"]
            yield f"session {session}:"
        yield from _lines(entry)


def one_line(text: str) -> str:
    """The beginning of a text, on one line, without characters that a terminal obeys."""
    begin = "".join(letter if letter.isprintable() else " " for letter in text[:_MOST_CHARACTERS])
    shown = " ".join(begin.split())
    return f"{shown}... ({len(text)} characters)" if len(text) > _MOST_CHARACTERS else shown


def _lines(entry: Entry) -> Iterator[str]:
    yield f"  {_heading(entry)}"
    for line in _asked(entry):
        yield f"    {line}"
    for violation in entry.get("violations", ())[:_MOST_VIOLATIONS]:
        yield f"    the real API would refuse it: {one_line(violation['message'])}"
        yield f"      {one_line(violation['hint'])}"
    for line in _answered(entry):
        yield f"    -> {line}"


def _heading(entry: Entry) -> str:
    if entry["position"] is None:
        parts = [f"no turn taken: {entry['method']} {one_line(entry['path'])}"]
    else:
        turn = "no turn" if entry["turn"] is None else f"turn {entry['turn']}"
        parts = [f"position {entry['position']}", turn]
    if entry.get("conversation"):
        parts.append(f"conversation {entry['conversation']}")
    parts.append(f"status {entry['status']}")
    if entry["outcome"] != "completed":
        parts.append(entry["outcome"])
    return ", ".join(parts)


def _asked(entry: Entry) -> Iterator[str]:
    """What the agent sent last: the results of tools, or one message."""
    if entry.get("request_text"):  # too long, or no JSON
        yield f"body: {one_line(entry['request_text'])}"
    messages = _messages(entry)
    results = 0
    while results < len(messages) and messages[-1 - results].role == RESULT_ROLE:
        results += 1
    shown = messages[-max(results, 1) :]
    for message in shown[:_MOST_RESULTS]:
        yield f"{one_line(message.role)}: {_said(message)}"
    if len(shown) > _MOST_RESULTS:
        yield f"... {len(shown) - _MOST_RESULTS} more of role {RESULT_ROLE}"


def _messages(entry: Entry) -> tuple[Message, ...]:
    renderer, body = _RENDERERS.get(entry["api"]), entry.get("request_body")
    if renderer is None or not isinstance(body, dict):
        return ()
    try:
        return renderer.read(body).conversation.messages
    except RequestError:  # which is what was answered
        return ()


def _said(message: Message) -> str:
    parts = [one_line(message.text)] if message.text else []
    parts += [f"{one_line(call.name)}({one_line(call.arguments)})" for call in message.calls]
    if message.images:
        parts.append(f"[images: {message.images}]")
    return " ".join(parts)


def _answered(entry: Entry) -> Iterator[str]:
    answer = entry.get("answer") or {}
    if failure := answer.get("failure"):
        yield f"{failure['code'] or failure['kind']}: {one_line(failure['message'])}"
    for block in answer.get("blocks", ()):
        if block["type"] == "tool_call":
            arguments = json.dumps(block["arguments"], ensure_ascii=False)
            yield f"{one_line(block['name'])}({one_line(arguments)})"
        else:
            yield f"{block['type']}: {one_line(block['text'])}"
    if not_found := entry.get("values_not_found"):
        yield f"not found in the request: {one_line(', '.join(not_found))}"
