"""Scripts with tracks that load, and scripts with tracks that do not; see `samples`."""

from __future__ import annotations

import json
from typing import Any

from llmsim.conversation import KEPT_HEADERS
from llmsim.script.conditions.table import CONDITIONS, STABLE

TURNS = '"turns": [{"type": "assistant", "text": "x"}]'
TRACK_KEYS = (
    "'name', 'when', 'turns', 'order', 'on_exhausted', 'on_mismatch', 'must_finish', 'comment'"
)


def track(inner: str, more: str = TURNS) -> str:
    """A script of one track; the track's first key starts at column 14."""
    return '{"tracks": [{' + inner + "}], " + more + "}"


def when(inner: str) -> str:
    """A script of one track; its first condition starts at column 37."""
    return track(f'"name": "side", "when": {{{inner}}}, {TURNS}')


def named(name: str, model: str = "*") -> str:
    """A track."""
    return f'{{"name": "{name}", "when": {{"model": "{model}"}}, {TURNS}}}'


def every_condition() -> dict[str, Any]:
    """A `when` with all there is."""
    return {
        "session": "a*", "api": "chat", "stream": True, "model": "gpt-?",
        "system_contains": "", "first_contains": "é", "first_matches": "(?i)a+",
        "last_role": "tool", "last_contains": "b", "last_matches": "^b", "any_contains": "c",
        "tools_include": ["bash"], "has_tools": False, "max_tokens": {"min": 0, "max": 5},
        "message_count": {"max": 7}, "tool_result": {"tool": "bash", "contains": "ok"},
        "header": {"user-agent": "*", "X-App": "cli"},
        "value": {"results[-1].json.id": 7, "body.metadata": {"a": [None, True, 1.5]}},
    }  # fmt: skip


VALID_TRACKS = {
    "a track": when('"has_tools": false'),
    "a track with all keys": track(
        '"name": "side.1-a_B", "when": {"model": "*"}, "comment": "c", "order": "history", '
        f'"on_exhausted": "loop", {TURNS}'
    ),
    "a track in a script without turns of its own": track(
        f'"name": "side", "when": {{"model": "*"}}, {TURNS}', '"on_exhausted": "error"'
    ),
    "sixteen tracks": json.dumps(
        {"tracks": [json.loads(named(f"t{number}", f"m{number}")) for number in range(16)]}
    ),
    "every condition": json.dumps(
        {
            "tracks": [
                {
                    "name": "side",
                    "when": every_condition(),
                    "turns": [{"type": "assistant", "text": "x"}],
                }
            ]
        }
    ),
    "a history with conditions that stay": (
        '{"order": "history", "tracks": [' + named("a") + "], " + TURNS + "}"
    ),
}
NULL_TRACKS = {
    '{"tracks": null, "turns": [{"type": "assistant", "text": "x"}]}': "{" + TURNS + "}",
    track(
        '"name": "side", "when": {"model": "*", "stream": null, "header": null, '
        '"tools_include": null, "max_tokens": null}, "order": null, "on_exhausted": null, '
        f'"comment": null, {TURNS}'
    ): track(f'"name": "side", "when": {{"model": "*"}}, {TURNS}'),
}

_STABLE = ", ".join(STABLE)
_MAY_CHANGE = (
    "may change from one request of a conversation to the next, and under the order 'history' a "
    f"conversation has to stay where it is; conditions that do: {_STABLE}"
)
_CONDITIONS = ", ".join(map(repr, CONDITIONS))

INVALID_TRACKS = {
    "no track": (
        '{"tracks": [], ' + TURNS + "}",
        "1:12: $.tracks: expected at least one track",
    ),
    "no track and no turns": (
        '{"tracks": []}',
        "1:12: $.tracks: expected at least one track",
    ),
    "tracks are an object": (
        '{"tracks": {}, ' + TURNS + "}",
        "1:12: $.tracks: expected an array, got an object",
    ),
    "a track that is a string": (
        '{"tracks": ["side"], ' + TURNS + "}",
        "1:13: $.tracks[0]: expected an object, got a string",
    ),
    "a track without a when": (
        track(f'"name": "side", {TURNS}'),
        "1:13: $.tracks[0]: missing key 'when'",
    ),
    "a track with a key that it does not have": (
        track(f'"steps": "own", "name": "side", "when": {{"model": "*"}}, {TURNS}'),
        "1:14: $.tracks[0].steps: unknown key 'steps'; expected one of " + TRACK_KEYS,
    ),
    "a track without turns": (
        track('"name": "side", "when": {"model": "*"}, "turns": []'),
        "1:63: $.tracks[0].turns: a track needs at least one turn",
    ),
    "a track's turn with a wrong call": (
        track(
            '"name": "side", "when": {"model": "*"}, "turns": [{"type": "tool_calls", "calls": '
            '[{"name": ""}]}]'
        ),
        "1:106: $.tracks[0].turns[0].calls[0].name: expected a string that is not empty",
    ),
    "a track called main": (
        track(f'"name": "main", "when": {{"model": "*"}}, {TURNS}'),
        "1:22: $.tracks[0].name: 'main' is the name of the script's own turns; give the track "
        "another one",
    ),
    "a track's name with a blank": (
        track(f'"name": "a b", "when": {{"model": "*"}}, {TURNS}'),
        "1:22: $.tracks[0].name: expected 1 to 64 of the characters A-Z a-z 0-9 . _ -",
    ),
    "a track's name of null": (
        track(f'"name": null, "when": {{"model": "*"}}, {TURNS}'),
        "1:22: $.tracks[0].name: expected a string, got null",
    ),
    "two tracks of one name": (
        '{"tracks": [' + named("a") + ", " + named("a") + "]}",
        "1:108: $.tracks[1].name: 'a' is also the name of $.tracks[0]",
    ),
    "a track's unknown order": (
        track(f'"name": "side", "when": {{"model": "*"}}, "order": "historie", {TURNS}'),
        "1:63: $.tracks[0].order: unknown order 'historie'; expected one of 'arrival', "
        "'history'; did you mean 'history'?",
    ),
    "a when of null": (
        track(f'"name": "side", "when": null, {TURNS}'),
        "1:38: $.tracks[0].when: expected an object, got null",
    ),
    "a when without conditions": (
        when(""),
        "1:38: $.tracks[0].when: expected at least one condition",
    ),
    "a when of an array": (
        track(f'"name": "side", "when": [], {TURNS}'),
        "1:38: $.tracks[0].when: expected an object, got an array",
    ),
    "a misspelt condition": (
        when('"system_contain": "x"'),
        "1:39: $.tracks[0].when.system_contain: unknown key 'system_contain'; expected one of "
        f"{_CONDITIONS}; did you mean 'system_contains'?",
    ),
    "a glob that is a number": (
        when('"model": 5'),
        "1:48: $.tracks[0].when.model: expected a string, got a number",
    ),
    "an unknown API": (
        when('"api": "respones"'),
        "1:46: $.tracks[0].when.api: unknown API 'respones'; expected one of 'chat', "
        "'responses', 'openresponses', 'anthropic'; did you mean 'responses'?",
    ),
    "a broken pattern": (
        when('"first_matches": "(a"'),
        "1:56: $.tracks[0].when.first_matches: not a regular expression: missing ), unterminated "
        "subpattern at position 0",
    ),
    "an unknown role": (
        when('"last_role": "usr"'),
        "1:52: $.tracks[0].when.last_role: unknown role 'usr'; expected one of 'user', "
        "'assistant', 'tool'; did you mean 'user'?",
    ),
    "has_tools of 1": (
        when('"has_tools": 1'),
        "1:52: $.tracks[0].when.has_tools: expected a boolean, got a number",
    ),
    "no tool to include": (
        when('"tools_include": []'),
        "1:56: $.tracks[0].when.tools_include: expected at least one name",
    ),
    "a tool that is a number": (
        when('"tools_include": ["a", 5]'),
        "1:62: $.tracks[0].when.tools_include[1]: expected a string, got a number",
    ),
    "a range without ends": (
        when('"max_tokens": {}'),
        "1:53: $.tracks[0].when.max_tokens: a range needs 'min' or 'max'",
    ),
    "a range that is empty": (
        when('"message_count": {"min": 3, "max": 2}'),
        "1:74: $.tracks[0].when.message_count.max: 2 is less than the 'min' of 3",
    ),
    "a range from -1": (
        when('"message_count": {"min": -1}'),
        "1:64: $.tracks[0].when.message_count.min: expected an integer from 0 up, got -1",
    ),
    "a result of nothing": (
        when('"tool_result": {}'),
        "1:54: $.tracks[0].when.tool_result: a tool_result needs 'tool' or 'contains'",
    ),
    "a header that is never kept": (
        when('"header": {"x-ap": "*"}'),
        "1:58: $.tracks[0].when.header[\"x-ap\"]: unknown header 'x-ap'; expected one of "
        f"{', '.join(map(repr, KEPT_HEADERS))}; did you mean 'x-app'?",
    ),
    "no header": (
        when('"header": {}'),
        "1:49: $.tracks[0].when.header: expected at least one key",
    ),
    "a value that is broken": (
        when('"value": {"results[-1": 7}'),
        '1:63: $.tracks[0].when.value["results[-1"]: not a JMESPath expression: Incomplete '
        "expression, at character 11",
    ),
    "a history with a condition that changes": (
        '{"order": "history", "tracks": [{"name": "side", "when": {"last_role": "tool"}, '
        + TURNS
        + "}], "
        + TURNS
        + "}",
        f"1:72: $.tracks[0].when.last_role: 'last_role' {_MAY_CHANGE}",
    ),
    "a track by history beside a condition that changes": (
        '{"tracks": [{"name": "a", "when": {"stream": true}, '
        + TURNS
        + '}, {"name": "b", "when": {"model": "*"}, "order": "history", '
        + TURNS
        + "}]}",
        f"1:46: $.tracks[0].when.stream: 'stream' {_MAY_CHANGE}",
    ),
}
