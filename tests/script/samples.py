"""Tables that several test modules share.

Script texts that load, and script texts that do not, with the exact problem.
"""

from __future__ import annotations

import json

from llmsim.latency_profiles import NAMES, Profile
from llmsim.script.expect import ExpectationSchema
from llmsim.script.schema import SCRIPT_SCHEMA
from llmsim.script.turn_keys import TURN_KEYS
from tests.script.track_samples import INVALID_TRACKS, NULL_TRACKS, VALID_TRACKS

TYPES = "'assistant', 'tool_calls', 'mixed', 'refusal', 'echo', 'template', 'lorem', 'error'"
SCRIPT = ", ".join(map(repr, SCRIPT_SCHEMA.keys))
# The optional keys of every turn, of errors too.
EVERY = ", ".join(map(repr, TURN_KEYS.keys))
# The optional keys of every turn in which the model answers.
REPLYING = f"{EVERY}, 'reasoning', 'finish_reason', 'usage'"
FINISH_REASONS = "'stop', 'tool_calls', 'length', 'content_filter'"
CONDITIONS = ", ".join(map(repr, ExpectationSchema().keys))
COUNTS = "'prompt_tokens', 'completion_tokens', 'reasoning_tokens', 'cached_tokens'"
LATENCY = ", ".join(map(repr, (*Profile._fields, "ttft_per_1k_prompt_tokens_ms", "scale")))
LATENCY = f"'profile', {LATENCY}"
PROFILES = ", ".join(map(repr, NAMES))
KINDS = (
    "'rate_limit', 'timeout', 'invalid_request', 'overloaded', 'authentication', 'permission', "
    "'not_found', 'context_length', 'connection_reset', 'other'"
)
# The optional keys of every error.
ERROR = f"{EVERY}, 'retry_after', 'headers'"
FAULT_NAMES = (
    "disconnect",
    "truncate",
    "stall",
    "malformed",
    "stream_error",
    "split",
    "duplicate",
    "bad_arguments",
)
FAULTS = ", ".join(map(repr, FAULT_NAMES))
FORM = 'a script is an object: {"turns": [...]}'


def turn(text: str) -> str:
    """A script of one turn; the turn starts at column 12."""
    return '{"turns": [' + text + "]}"


def said(rest: str) -> str:
    """A script of one assistant turn that has more keys; the first of them starts at column 47."""
    return turn('{"type": "assistant", "text": "x", ' + rest + "}")


def call(text: str) -> str:
    """A script of one call; the call starts at column 43."""
    return turn('{"type": "tool_calls", "calls": [' + text + "]}")


VALID = {
    "the least": turn('{"type": "assistant", "text": "x"}'),
    "an empty text": turn('{"type": "assistant", "text": ""}'),
    "keys that mean nothing": (
        '{"$schema": "x", "description": "d", "turns": [{"type": "assistant", "text": "x", '
        '"comment": "c"}]}'
    ),
    "latencies of a turn and of an error": turn(
        '{"type": "assistant", "text": "x", "latency": "gpt5"}, '
        '{"type": "lorem", "tokens": 3, "latency": {"profile": "auto"}}, '
        '{"type": "error", "kind": "timeout", "latency": {"profile": "fast", "ttft_mean_ms": 1.5, '
        '"ttft_stddev_ms": 0, "tbt_mean_ms": 3600000, "tbt_stddev_ms": 1.0, '
        '"ttft_per_1k_prompt_tokens_ms": 20, "scale": 0.1}}, '
        '{"type": "error", "kind": "other", "message": "m", "latency": {}}'
    ),
    "what a turn and an error expect": turn(
        '{"type": "assistant", "text": "x", "expect": {"last_contains": "sent", "step": 0}}, '
        '{"type": "lorem", "tokens": 3, "expect": {"tool_result": {"tool": "bash"}, '
        '"message_count": {"max": 5}, "header": {"user-agent": "a*"}, "value": {"first": "x"}}}, '
        '{"type": "error", "kind": "timeout", "expect": {"has_tools": true, "step": 7}}'
    ),
    "errors at random": (
        '{"seed": -7, "errors": {"rate_limit_rate": 0.7, "server_error_rate": 0.2, '
        '"timeout_rate": 0.1}, "turns": [{"type": "assistant", "text": "x"}]}'
    ),
    "faults, as words and as objects": turn(
        ", ".join(
            f'{{"type": "assistant", "text": "x", "fault": {fault}}}'
            for fault in (
                *(f'"{name}"' for name in FAULT_NAMES),
                *(f'{{"kind": "{name}"}}' for name in FAULT_NAMES),
                '{"kind": "disconnect", "after_chunks": 0}',
                '{"kind": "stall", "after_chunks": 3, "ms": 0.5}',
                '{"kind": "truncate", "after_chunks": null}',
            )
        )
        + ', {"type": "error", "kind": "timeout", "fault": "truncate"}'
    ),
    "every new error kind with all that errors take": turn(
        ", ".join(
            f'{{"type": "error", "kind": "{kind}"{rest}}}'
            for kind in (
                "overloaded",
                "authentication",
                "permission",
                "not_found",
                "context_length",
                "connection_reset",
            )
            for rest in (
                "",
                ', "message": "m", "retry_after": 0, "headers": {"X-A": "b c", "x-b": ""}',
            )
        )
    ),
    "latency and seed of a script": (
        '{"latency": {"profile": "gpt5", "scale": 0.5}, "seed": -7, '
        '"turns": [{"type": "assistant", "text": "x"}]}'
    ),
    "gates of a turn and of an error": turn(
        '{"type": "assistant", "text": "x", "gate": "door"}, '
        '{"type": "lorem", "tokens": 3, "gate": {"name": "a.b-c_1"}}, '
        '{"type": "error", "kind": "timeout", "gate": {"name": "herd", "count": 100000, '
        '"max_hold_s": 0.5, "after_chunks": 0, "scope": "server"}}'
    ),
    "limits": (
        '{"limits": {"requests_per_minute": 100, "tokens_per_minute": 60000000, "by": "key"}, '
        '"turns": [{"type": "assistant", "text": "x"}]}'
    ),
    "no limit": (
        '{"limits": {"requests_per_minute": 0}, "turns": [{"type": "assistant", "text": "x"}]}'
    ),
    "no errors at random": (
        '{"seed": 0, "errors": {"rate_limit_rate": 0, "timeout_rate": 1.0}, '
        '"turns": [{"type": "assistant", "text": "x"}]}'
    ),
    "what a script says of expectations and its end": (
        '{"on_mismatch": "refuse", "must_finish": false, '
        '"turns": [{"type": "assistant", "text": "x"}]}'
    ),
    "a script that says the usual of them": (
        '{"on_mismatch": "report", "must_finish": true, '
        '"turns": [{"type": "assistant", "text": "x"}]}'
    ),
    "a track that says it": (
        '{"tracks": [{"name": "a", "when": {"model": "a"}, "on_mismatch": "off", '
        '"must_finish": false, "turns": [{"type": "assistant", "text": "x"}]}]}'
    ),
    "comments on every turn type": json.dumps(
        {
            "turns": [
                {"comment": "c", "type": "tool_calls", "calls": [{"name": "a"}]},
                {"comment": "c", "type": "mixed", "text": "", "calls": [{"name": "a"}]},
                {"comment": "c", "type": "refusal", "text": ""},
                {"comment": "c", "type": "echo"},
                {"comment": "c", "type": "template", "text": ""},
                {"comment": "c", "type": "lorem", "tokens": 1},
                {"comment": "c", "type": "error", "kind": "rate_limit"},
                {"comment": "c", "type": "error", "kind": "timeout"},
                {"comment": "c", "type": "error", "kind": "invalid_request", "message": ""},
                {"comment": "c", "type": "error", "kind": "other", "message": ""},
            ]
        }
    ),
    "repeat_last": '{"on_exhausted": "repeat_last", "turns": [{"type": "assistant", "text": "x"}]}',
    "error": '{"on_exhausted": "error", "turns": [{"type": "assistant", "text": "x"}]}',
    "protocol": '{"protocol": "refuse", "turns": [{"type": "assistant", "text": "x"}]}',
    "loop": '{"on_exhausted": "loop", "turns": [{"type": "assistant", "text": "x"}]}',
    "a template": turn('{"type": "template", "text": "{{ {a: body} }} {{{{ }} {{ \'}}\' }}"}'),
    "a template of lines": turn('{"type": "template", "text": ["{{ first", "|| last }}", "c"]}'),
    "a value in arguments": call('{"name": "a", "arguments": {"b": [{"$value": "results[0]"}]}}'),
    "a value in place of all arguments": call('{"name": "a", "arguments": {"$value": "body"}}'),
    "$value beside other keys": call('{"name": "a", "arguments": {"$value": 7, "b": 1}}'),
    "a call without arguments": call('{"name": "bash"}'),
    "an object as arguments": call('{"name": "bash", "arguments": {"a": [1, {"b": null}]}}'),
    "an array as arguments": call('{"name": "bash", "arguments": []}'),
    "a string as arguments": call('{"name": "bash", "arguments": "ls"}'),
    "a number as arguments": call('{"name": "bash", "arguments": -1.5e3}'),
    "a boolean as arguments": call('{"name": "bash", "arguments": false}'),
    "null as arguments": call('{"name": "bash", "arguments": null}'),
    "an id": call('{"name": "bash", "id": "call_42"}'),
    "a name with spaces and letters of all kinds": call('{"name": "größe messen ✓"}'),
    "several calls": call('{"name": "a"}, {"name": "a"}'),
    "text and a call": turn('{"type": "mixed", "text": "x", "calls": [{"name": "a"}]}'),
    "a rate limit": turn('{"type": "error", "kind": "rate_limit"}'),
    "a rate limit with a message": turn('{"type": "error", "kind": "rate_limit", "message": "m"}'),
    "a timeout": turn('{"type": "error", "kind": "timeout"}'),
    "a timeout with a message": turn('{"type": "error", "kind": "timeout", "message": "m"}'),
    "an invalid request": turn('{"type": "error", "kind": "invalid_request", "message": "m"}'),
    "another error": turn('{"type": "error", "kind": "other", "message": "m"}'),
    "the lowest status": turn(
        '{"type": "error", "kind": "other", "message": "m", "status_code": 400}'
    ),
    "the highest status": turn(
        '{"type": "error", "kind": "other", "message": "m", "status_code": 599}'
    ),
    "white space and keys in any order": (
        '\n\t{\r\n"turns" :\n[ {"text":"x" , "type"\n:"assistant"} ] }\n'
    ),
    "a refusal": turn('{"type": "refusal", "text": "No."}'),
    "a refusal without a word": turn('{"type": "refusal", "text": ""}'),
    "an echo": turn('{"type": "echo"}'),
    "an echo with a prefix": turn('{"type": "echo", "prefix": "> "}'),
    "an echo with an empty prefix": turn('{"type": "echo", "prefix": ""}'),
    "the shortest lorem": turn('{"type": "lorem", "tokens": 1}'),
    "the longest lorem": turn('{"type": "lorem", "tokens": 100000}'),
    "a lorem with a seed": turn('{"type": "lorem", "tokens": 5, "seed": -7}'),
    "a lorem with a large seed": turn(
        '{"type": "lorem", "tokens": 5, "seed": 123456789012345678901234567890}'
    ),
    "an empty reasoning": said('"reasoning": ""'),
    "a usage of nothing": said('"usage": {}'),
    "a usage of zeros": said(
        '"usage": {"prompt_tokens": 0, "completion_tokens": 0, "reasoning_tokens": 0, '
        '"cached_tokens": 0}'
    ),
    "a usage of one figure": said('"usage": {"cached_tokens": 12345678901234567890}'),
    "a text of lines": turn('{"type": "assistant", "text": ["a", "", "b\\n"]}'),
    "a text of no lines": turn('{"type": "refusal", "text": []}'),
    "lines in mixed and reasoning": turn(
        '{"type": "mixed", "text": ["a", "b"], "reasoning": ["c", "d"], "calls": [{"name": "a"}]}'
    ),
    "a lone surrogate": turn(r'{"type": "assistant", "text": "\ud83d"}'),
}

# Every key that all replying turns have, on each of them.
BARE_TURNS = {
    "assistant": '{"type": "assistant", "text": "x"',
    "tool_calls": '{"type": "tool_calls", "calls": [{"name": "a"}]',
    "mixed": '{"type": "mixed", "text": "x", "calls": [{"name": "a"}]',
    "refusal": '{"type": "refusal", "text": "x"',
    "echo": '{"type": "echo"',
    "template": '{"type": "template", "text": "x"',
    "lorem": '{"type": "lorem", "tokens": 5',
}
EXTRA_KEYS = {
    "reasoning": '"reasoning": "because"',
    "usage": (
        '"usage": {"prompt_tokens": 1, "completion_tokens": 2, "reasoning_tokens": 3, '
        '"cached_tokens": 4}'
    ),
} | {
    f"finish_reason {word}": f'"finish_reason": "{word}"'
    for word in ("stop", "tool_calls", "length", "content_filter")
}
VALID |= {
    f"{name} with {key}": turn(f"{bare}, {extra}}}")
    for name, bare in BARE_TURNS.items()
    for key, extra in EXTRA_KEYS.items()
}

# With null for each optional key -> the same without it.
NULLS = {
    '{"on_exhausted": null, "protocol": null, "description": null, "$schema": null, "turns": ['
    '{"type": "assistant", "text": "x"}]}': VALID["the least"],
    call('{"name": "bash", "id": null}'): call('{"name": "bash"}'),
    turn('{"type": "echo", "prefix": null}'): turn('{"type": "echo"}'),
    turn('{"type": "lorem", "tokens": 5, "seed": null}'): turn('{"type": "lorem", "tokens": 5}'),
    said('"usage": null'): VALID["the least"],
    said(
        '"usage": {"prompt_tokens": null, "completion_tokens": null, "reasoning_tokens": null, '
        '"cached_tokens": null}'
    ): said('"usage": {}'),
    turn('{"type": "error", "kind": "other", "message": "m", "status_code": null}'): turn(
        '{"type": "error", "kind": "other", "message": "m"}'
    ),
} | {
    turn(f'{{"type": "error", "kind": "{kind}", "message": null, "comment": null}}'): turn(
        f'{{"type": "error", "kind": "{kind}"}}'
    )
    for kind in ("rate_limit", "timeout")
}
NULLS |= {
    turn(bare + ', "comment": null, "reasoning": null, "finish_reason": null, "usage": null}'): (
        turn(bare + "}")
    )
    for bare in BARE_TURNS.values()
}

# Name -> (text, `line:column: path: message`, one line for each problem).
INVALID = {
    "turns alone": (
        '[{"type": "assistant", "text": "x"}]',
        f"1:1: $: expected an object, got an array; {FORM}",
    ),
    "a string": (' "x"', f"1:2: $: expected an object, got a string; {FORM}"),
    "null": ("null", f"1:1: $: expected an object, got null; {FORM}"),
    "no turns key": (' {"on_exhausted": "loop"}', "1:2: $: missing key 'turns'"),
    "no turn": ('{"turns": []}', "1:11: $.turns: a script needs at least one turn"),
    "an unknown protocol": (
        '{"protocol": "refused", "turns": [{"type": "assistant", "text": "x"}]}',
        "1:14: $.protocol: unknown protocol 'refused'; expected one of 'report', 'refuse', 'off'; "
        "did you mean 'refuse'?",
    ),
    "turns are an object": ('{"turns": {}}', "1:11: $.turns: expected an array, got an object"),
    "turns are null": ('{"turns": null}', "1:11: $.turns: expected an array, got null"),
    "a misspelt key": (
        '{"on_exhaust": "loop", "turns": [{"type": "assistant", "text": "x"}]}',
        "1:2: $.on_exhaust: unknown key 'on_exhaust'; expected one of "
        f"{SCRIPT}; did you mean 'on_exhausted'?",
    ),
    "a rate above 1": (
        '{"errors": {"timeout_rate": 1.5}, "turns": [{"type": "assistant", "text": "x"}]}',
        "1:29: $.errors.timeout_rate: expected a number from 0 to 1, got 1.5",
    ),
    "a gate without a name": (
        said('"gate": {"count": 2}'),
        "1:55: $.turns[0].gate: missing key 'name'",
    ),
    "a gate whose name no URL can hold": (
        said('"gate": "front door"'),
        "1:55: $.turns[0].gate: expected 1 to 64 of the characters A-Z a-z 0-9 . _ -, "
        "got 'front door'",
    ),
    "a gate for nobody": (
        said('"gate": {"name": "g", "count": 0}'),
        "1:78: $.turns[0].gate.count: expected an integer from 1 to 100000, got 0",
    ),
    "a gate of nobody": (
        said('"gate": {"name": "g", "scope": "sesion"}'),
        "1:78: $.turns[0].gate.scope: unknown scope 'sesion'; expected one of 'session', 'server'; "
        "did you mean 'session'?",
    ),
    "a gate that holds for too long": (
        said('"gate": {"name": "g", "max_hold_s": 3601}'),
        "1:83: $.turns[0].gate.max_hold_s: expected a number from 0 to 3600, got 3601",
    ),
    "a limit of half a request": (
        '{"limits": {"requests_per_minute": 0.5}, "turns": [{"type": "assistant", "text": "x"}]}',
        "1:36: $.limits.requests_per_minute: expected an integer, got a number",
    ),
    "a limit that is too high": (
        '{"limits": {"requests_per_minute": 1000001}, '
        '"turns": [{"type": "assistant", "text": "x"}]}',
        "1:36: $.limits.requests_per_minute: expected an integer from 0 to 1000000, got 1000001",
    ),
    "a misspelt way to limit": (
        '{"limits": {"by": "keys"}, "turns": [{"type": "assistant", "text": "x"}]}',
        "1:19: $.limits.by: unknown way to limit 'keys'; expected one of 'session', 'key'; "
        "did you mean 'key'?",
    ),
    "a misspelt rate": (
        '{"errors": {"rate_limt_rate": 1}, "turns": [{"type": "assistant", "text": "x"}]}',
        "1:13: $.errors.rate_limt_rate: unknown key 'rate_limt_rate'; expected one of "
        "'rate_limit_rate', 'server_error_rate', 'timeout_rate'; did you mean 'rate_limit_rate'?",
    ),
    "rates above 1 together": (
        '{"errors": {"rate_limit_rate": 0.9, "timeout_rate": 0.2}, '
        '"turns": [{"type": "assistant", "text": "x"}]}',
        "1:12: $.errors: the rates add up to 1.1; all requests are 1",
    ),
    "a seed of the script of 1.0": (
        '{"seed": 1.0, "turns": [{"type": "assistant", "text": "x"}]}',
        "1:10: $.seed: expected an integer, got a number",
    ),
    "a key that needs quotes in a path": (
        '{"turns": [{"type": "assistant", "text": "x", "a b": 1}]}',
        """1:47: $.turns[0]["a b"]: unknown key 'a b'; """
        f"expected one of 'type', 'text', {REPLYING}",
    ),
    "a key that marshmallow uses itself": (
        '{"turns": [{"type": "assistant", "text": "x", "_schema": 1}]}',
        (
            "1:47: $.turns[0]._schema: unknown key '_schema'; expected one of 'type', 'text', "
            f"{REPLYING}"
        ),
    ),
    "an expectation of nothing": (
        said('"expect": {}'),
        "1:57: $.turns[0].expect: expected at least one condition",
    ),
    "an unknown on_mismatch": (
        '{"on_mismatch": "refuses", "turns": [{"type": "assistant", "text": "x"}]}',
        "1:17: $.on_mismatch: unknown on_mismatch 'refuses'; expected one of 'report', 'refuse', "
        "'off'; did you mean 'refuse'?",
    ),
    "a must_finish that is no boolean": (
        '{"must_finish": "no", "turns": [{"type": "assistant", "text": "x"}]}',
        "1:17: $.must_finish: expected a boolean, got a string",
    ),
    "an expectation that is no object": (
        said('"expect": "sent"'),
        "1:57: $.turns[0].expect: expected an object, got a string",
    ),
    "a misspelt condition": (
        said('"expect": {"last_contain": "sent"}'),
        f"1:58: $.turns[0].expect.last_contain: unknown key 'last_contain'; expected one of "
        f"{CONDITIONS}; did you mean 'last_contains'?",
    ),
    "a step below 0, of an error": (
        turn('{"type": "error", "kind": "timeout", "expect": {"step": -1}}'),
        "1:68: $.turns[0].expect.step: expected an integer from 0 up, got -1",
    ),
    "an unknown on_exhausted": (
        '{"turns": [{"type": "assistant", "text": "x"}], "on_exhausted": "lop"}',
        (
            "1:65: $.on_exhausted: unknown on_exhausted 'lop'; expected one of 'repeat_last', "
            "'error', 'loop'; did you mean 'loop'?"
        ),
    ),
    "a description that is no string": (
        '{"description": 1, "turns": [{"type": "assistant", "text": "x"}]}',
        "1:17: $.description: expected a string, got a number",
    ),
    "$schema that is no string": (
        '{"$schema": {}, "turns": [{"type": "assistant", "text": "x"}]}',
        '1:13: $["$schema"]: expected a string, got an object',
    ),
    "a turn that is a string": (
        turn('"hello"'),
        "1:12: $.turns[0]: expected an object, got a string",
    ),
    "a turn that is null": (turn("null"), "1:12: $.turns[0]: expected an object, got null"),
    "a turn without a type": (
        turn('{"text": "x"}'),
        f"1:12: $.turns[0]: missing key 'type'; expected one of {TYPES}",
    ),
    "an unknown type": (
        turn('{"type": "assistent", "text": "x"}'),
        (
            f"1:21: $.turns[0].type: unknown turn type 'assistent'; expected one of {TYPES}; did "
            "you mean 'assistant'?"
        ),
    ),
    "a type that resembles none": (
        turn('{"type": "xyz"}'),
        f"1:21: $.turns[0].type: unknown turn type 'xyz'; expected one of {TYPES}",
    ),
    "a type that is a number": (
        turn('{"type": 1}'),
        "1:21: $.turns[0].type: expected a string, got a number",
    ),
    "a type that is null": (
        turn('{"type": null}'),
        "1:21: $.turns[0].type: expected a string, got null",
    ),
    "a type that is an array": (
        turn('{"type": []}'),
        "1:21: $.turns[0].type: expected a string, got an array",
    ),
    "a comment that is no string": (
        turn('{"type": "assistant", "text": "x", "comment": []}'),
        "1:58: $.turns[0].comment: expected a string, got an array",
    ),
    "assistant without text": (
        turn('{"type": "assistant"}'),
        "1:12: $.turns[0]: missing key 'text'",
    ),
    "a text that is null": (
        turn('{"type": "assistant", "text": null}'),
        "1:42: $.turns[0].text: expected a string, got null",
    ),
    "a text that is a number": (
        turn('{"type": "assistant", "text": 5}'),
        "1:42: $.turns[0].text: expected a string, got a number",
    ),
    "assistant with calls": (
        turn('{"type": "assistant", "text": "x", "calls": []}'),
        f"1:47: $.turns[0].calls: unknown key 'calls'; expected one of 'type', 'text', {REPLYING}",
    ),
    "tool_calls without calls": (
        turn('{"type": "tool_calls"}'),
        "1:12: $.turns[0]: missing key 'calls'",
    ),
    "tool_calls with text": (
        turn('{"type": "tool_calls", "text": "x", "calls": [{"name": "a"}]}'),
        f"1:35: $.turns[0].text: unknown key 'text'; expected one of 'type', 'calls', {REPLYING}",
    ),
    "no call": (
        turn('{"type": "tool_calls", "calls": []}'),
        "1:44: $.turns[0].calls: a turn that calls tools needs at least one call",
    ),
    "calls that are an object": (
        turn('{"type": "tool_calls", "calls": {}}'),
        "1:44: $.turns[0].calls: expected an array, got an object",
    ),
    "calls that are null": (
        turn('{"type": "mixed", "text": "", "calls": null}'),
        "1:51: $.turns[0].calls: expected an array, got null",
    ),
    "mixed without text": (
        turn('{"type": "mixed", "calls": [{"name": "a"}]}'),
        "1:12: $.turns[0]: missing key 'text'",
    ),
    "mixed without calls": (
        turn('{"type": "mixed", "text": "x"}'),
        "1:12: $.turns[0]: missing key 'calls'",
    ),
    "a call that is a string": (
        call('"bash"'),
        "1:45: $.turns[0].calls[0]: expected an object, got a string",
    ),
    "a call that is null": (
        call("null"),
        "1:45: $.turns[0].calls[0]: expected an object, got null",
    ),
    "a call without a name": (
        call('{"arguments": {}}'),
        "1:45: $.turns[0].calls[0]: missing key 'name'",
    ),
    "an empty name": (
        call('{"name": ""}'),
        "1:54: $.turns[0].calls[0].name: expected a string that is not empty",
    ),
    "a name that is null": (
        call('{"name": null}'),
        "1:54: $.turns[0].calls[0].name: expected a string, got null",
    ),
    "an empty id": (
        call('{"name": "a", "id": ""}'),
        "1:65: $.turns[0].calls[0].id: expected a string that is not empty",
    ),
    "an id that is a number": (
        call('{"name": "a", "id": 7}'),
        "1:65: $.turns[0].calls[0].id: expected a string, got a number",
    ),
    "a misspelt key in a call": (
        call('{"name": "a", "argument": {}}'),
        (
            "1:59: $.turns[0].calls[0].argument: unknown key 'argument'; expected one of 'name', "
            "'arguments', 'id'; did you mean 'arguments'?"
        ),
    ),
    "a refusal without text": (turn('{"type": "refusal"}'), "1:12: $.turns[0]: missing key 'text'"),
    "a refusal of null": (
        turn('{"type": "refusal", "text": null}'),
        "1:40: $.turns[0].text: expected a string, got null",
    ),
    "a refusal with calls": (
        turn('{"type": "refusal", "text": "x", "calls": []}'),
        f"1:45: $.turns[0].calls: unknown key 'calls'; expected one of 'type', 'text', {REPLYING}",
    ),
    "an echo with text": (
        turn('{"type": "echo", "text": "x"}'),
        f"1:29: $.turns[0].text: unknown key 'text'; expected one of 'type', {REPLYING}, 'prefix'",
    ),
    "a prefix that is a number": (
        turn('{"type": "echo", "prefix": 1}'),
        "1:39: $.turns[0].prefix: expected a string, got a number",
    ),
    "a lorem of no length": (turn('{"type": "lorem"}'), "1:12: $.turns[0]: missing key 'tokens'"),
    "a lorem with text": (
        turn('{"type": "lorem", "tokens": 1, "text": "x"}'),
        (
            "1:43: $.turns[0].text: unknown key 'text'; expected one of 'type', 'tokens', "
            f"{REPLYING}, 'seed'"
        ),
    ),
    "a misspelt key of a replying turn": (
        said('"reason": "x"'),
        (
            "1:47: $.turns[0].reason: unknown key 'reason'; expected one of 'type', 'text', "
            f"{REPLYING}; did you mean 'reasoning'?"
        ),
    ),
    "a reasoning that is an object": (
        said('"reasoning": {}'),
        "1:60: $.turns[0].reasoning: expected a string, got an object",
    ),
    "lines that are no strings": (
        turn('{"type": "assistant", "text": ["a", 1, null, "b", ["c"]]}'),
        "1:48: $.turns[0].text[1]: expected a string, got a number\n"
        "s:1:51: $.turns[0].text[2]: expected a string, got null\n"
        "s:1:62: $.turns[0].text[4]: expected a string, got an array",
    ),
    "a line of a reasoning that is no string": (
        said('"reasoning": ["x", 1]'),
        "1:66: $.turns[0].reasoning[1]: expected a string, got a number",
    ),
    "a message of lines": (
        turn('{"type": "error", "kind": "timeout", "message": ["x"]}'),
        "1:60: $.turns[0].message: expected a string, got an array",
    ),
    "content for text": (
        turn('{"type": "assistant", "content": "x"}'),
        "1:12: $.turns[0]: missing key 'text'\n"
        f"s:1:34: $.turns[0].content: unknown key 'content'; expected one of 'type', 'text', "
        f"{REPLYING}; did you mean 'text'?",
    ),
    "message for text, which is spelt more like comment": (
        turn('{"type": "refusal", "message": "x"}'),
        "1:12: $.turns[0]: missing key 'text'\n"
        f"s:1:32: $.turns[0].message: unknown key 'message'; expected one of 'type', 'text', "
        f"{REPLYING}; did you mean 'text'?",
    ),
    "tool_calls for calls": (
        turn('{"type": "tool_calls", "tool_calls": [{"name": "a"}]}'),
        "1:12: $.turns[0]: missing key 'calls'\n"
        f"s:1:35: $.turns[0].tool_calls: unknown key 'tool_calls'; expected one of 'type', "
        f"'calls', {REPLYING}; did you mean 'calls'?",
    ),
    "status for status_code": (
        turn('{"type": "error", "kind": "other", "message": "", "status": 502}'),
        "1:62: $.turns[0].status: unknown key 'status'; expected one of 'type', 'kind', "
        f"'message', {ERROR}, 'status_code'; did you mean 'status_code'?",
    ),
    "role for type": (
        turn('{"role": "assistant", "content": "x"}'),
        f"1:12: $.turns[0]: missing key 'type'; expected one of {TYPES}; did you mean 'type' by "
        "'role'?",
    ),
    "message where there is a text": (
        said('"message": "y"'),
        "1:47: $.turns[0].message: unknown key 'message'; expected one of 'type', 'text', "
        f"{REPLYING}; did you mean 'usage'?",
    ),
    "an unknown finish reason": (
        said('"finish_reason": "lenght"'),
        (
            "1:64: $.turns[0].finish_reason: unknown finish reason 'lenght'; expected one of "
            f"{FINISH_REASONS}; did you mean 'length'?"
        ),
    ),
    "a finish reason of another API": (
        said('"finish_reason": "end_turn"'),
        (
            "1:64: $.turns[0].finish_reason: unknown finish reason 'end_turn'; expected one of "
            f"{FINISH_REASONS}; did you mean 'stop'?"
        ),
    ),
    "a finish reason that is an array": (
        said('"finish_reason": []'),
        "1:64: $.turns[0].finish_reason: expected a string, got an array",
    ),
    "a usage that is a number": (
        said('"usage": 5'),
        "1:56: $.turns[0].usage: expected an object, got a number",
    ),
    "an unknown figure": (
        said('"usage": {"total_tokens": 5}'),
        (
            "1:57: $.turns[0].usage.total_tokens: unknown key 'total_tokens'; expected one of "
            f"{COUNTS}; did you mean 'prompt_tokens'?"
        ),
    ),
    "a misspelt figure": (
        said('"usage": {"promt_tokens": 5}'),
        (
            "1:57: $.turns[0].usage.promt_tokens: unknown key 'promt_tokens'; expected one of "
            f"{COUNTS}; did you mean 'prompt_tokens'?"
        ),
    ),
    "two wrong figures": (
        said('"usage": {"prompt_tokens": -1, "cached_tokens": "1"}'),
        "1:74: $.turns[0].usage.prompt_tokens: expected an integer from 0 up, got -1\n"
        "s:1:95: $.turns[0].usage.cached_tokens: expected an integer, got a string",
    ),
    "a reasoning on an error": (
        turn('{"type": "error", "kind": "timeout", "reasoning": "x"}'),
        (
            "1:49: $.turns[0].reasoning: unknown key 'reasoning'; expected one of 'type', "
            f"'kind', {EVERY}, 'message', 'retry_after', 'headers'"
        ),
    ),
    "an error without a kind": (
        turn('{"type": "error"}'),
        f"1:12: $.turns[0]: missing key 'kind'; expected one of {KINDS}",
    ),
    "an unknown kind": (
        turn('{"type": "error", "kind": "ratelimit"}'),
        (
            f"1:38: $.turns[0].kind: unknown error kind 'ratelimit'; expected one of {KINDS}; "
            "did you mean 'rate_limit'?"
        ),
    ),
    "a kind that is null": (
        turn('{"type": "error", "kind": null}'),
        "1:38: $.turns[0].kind: expected a string, got null",
    ),
    "an invalid request without a message": (
        turn('{"type": "error", "kind": "invalid_request"}'),
        "1:12: $.turns[0]: missing key 'message'",
    ),
    "another error without a message": (
        turn('{"type": "error", "kind": "other"}'),
        "1:12: $.turns[0]: missing key 'message'",
    ),
    "a message that is a number": (
        turn('{"type": "error", "kind": "timeout", "message": 1}'),
        "1:60: $.turns[0].message: expected a string, got a number",
    ),
    "a status on a rate limit": (
        turn('{"type": "error", "kind": "rate_limit", "status_code": 429}'),
        (
            "1:52: $.turns[0].status_code: unknown key 'status_code'; expected one of 'type', "
            f"'kind', {EVERY}, 'message', 'retry_after', 'headers'"
        ),
    ),
    "a status on an invalid request": (
        turn('{"type": "error", "kind": "invalid_request", "message": "", "status_code": 400}'),
        (
            "1:72: $.turns[0].status_code: unknown key 'status_code'; expected one of 'type', "
            f"'kind', 'message', {ERROR}"
        ),
    ),
} | {
    f"a status of {status}": (
        turn('{"type": "error", "kind": "other", "message": "", "status_code": ' + status + "}"),
        f"1:77: $.turns[0].status_code: expected an integer from 400 to 599, got {got}",
    )
    for status, got in {
        "399": "399",
        "600": "600",
        "502.0": "502.0",
        '"502"': "a string",
        "true": "a boolean",
        "-1": "-1",
    }.items()
}
INVALID |= {
    f"{slip} for arguments": (
        call('{"name": "a", "' + slip + '": {}}'),
        f"1:59: $.turns[0].calls[0].{slip}: unknown key '{slip}'; expected one of 'name', "
        "'arguments', 'id'; did you mean 'arguments'?",
    )
    for slip in ("args", "input", "parameters")
}
INVALID |= {
    f"{key} of {value}": (
        turn('{"type": "lorem", ' + rest + f'"{key}": {value}}}'),
        f"1:{column}: $.turns[0].{key}: {problem}",
    )
    for key, rest, column, problems in (
        (
            "tokens",
            "",
            40,
            {
                "0": "expected an integer from 1 to 100000, got 0",
                "-1": "expected an integer from 1 to 100000, got -1",
                "100001": "expected an integer from 1 to 100000, got 100001",
                "5.0": "expected an integer, got a number",
                "5.5": "expected an integer, got a number",
                "true": "expected an integer, got a boolean",
                '"5"': "expected an integer, got a string",
                "null": "expected an integer, got null",
            },
        ),
        (
            "seed",
            '"tokens": 5, ',
            51,
            {
                "1.0": "expected an integer, got a number",
                "1.5": "expected an integer, got a number",
                "false": "expected an integer, got a boolean",
                '"a"': "expected an integer, got a string",
            },
        ),
    )
    for value, problem in problems.items()
}
INVALID |= {
    f"{key} of {value}": (
        said(f'"usage": {{"{key}": {value}}}'),
        f"1:{57 + len(key) + 4}: $.turns[0].usage.{key}: {problem}",
    )
    for key in ("prompt_tokens", "completion_tokens", "reasoning_tokens", "cached_tokens")
    for value, problem in {
        "-1": "expected an integer from 0 up, got -1",
        "1.0": "expected an integer, got a number",
        "true": "expected an integer, got a boolean",
    }.items()
}

INVALID |= {
    f"a latency {what}": (
        said(f'"latency": {value}'),
        f"1:{column}: $.turns[0].latency{problem}",
    )
    for what, value, column, problem in (
        ("of a number", "5", 58, ": expected a string or an object, got a number"),
        (
            "that is unknown",
            '"gpt-5"',
            58,
            f": unknown latency profile 'gpt-5'; expected one of {PROFILES}; did you mean 'gpt5'?",
        ),
        (
            "with an unknown profile",
            '{"profile": "Fast"}',
            70,
            f".profile: unknown latency profile 'Fast'; expected one of {PROFILES}; did you mean "
            "'fast'?",
        ),
        (
            "with a misspelt key",
            '{"ttft_mean": 1}',
            59,
            f".ttft_mean: unknown key 'ttft_mean'; expected one of {LATENCY}; did you mean "
            "'ttft_mean_ms'?",
        ),
        (
            "below zero",
            '{"tbt_mean_ms": -1}',
            74,
            ".tbt_mean_ms: expected a number from 0 to 3600000, got -1",
        ),
        (
            "of more than an hour",
            '{"ttft_mean_ms": 3600000.5}',
            75,
            ".ttft_mean_ms: expected a number from 0 to 3600000, got 3600000.5",
        ),
        (
            "of true",
            '{"scale": true}',
            68,
            ".scale: expected a number from 0 to 1000, got a boolean",
        ),
    )
} | {
    "a latency of an error that is unknown": (
        turn('{"type": "error", "kind": "timeout", "latency": "slow"}'),
        f"1:60: $.turns[0].latency: unknown latency profile 'slow'; expected one of {PROFILES}",
    ),
}
# What only the loader can tell: JSON Schema knows no JMESPath.
EXPRESSIONS = {
    "an expression that does not end": (
        call('{"name": "a", "arguments": {"b": [1, {"$value": "results[-1"}]}}'),
        '1:93: $.turns[0].calls[0].arguments.b[1]["$value"]: not a JMESPath expression: '
        "Incomplete expression, at character 11",
    ),
    "an expression that is a number": (
        call('{"name": "a", "arguments": {"$value": 7}}'),
        '1:83: $.turns[0].calls[0].arguments["$value"]: expected a string, got a number',
    ),
    "two wrong expressions": (
        call('{"name": "a", "arguments": [{"$value": "b c"}, {"$value": ["d"]}]}'),
        '1:84: $.turns[0].calls[0].arguments[0]["$value"]: not a JMESPath expression: '
        "Unexpected token: c, at character 3\n"
        's:1:103: $.turns[0].calls[0].arguments[1]["$value"]: expected a string, got an array',
    ),
    "a wrong expression in a template": (
        turn('{"type": "template", "text": "a {{ b c }}"}'),
        "1:41: $.turns[0].text: {{ b c }}: not a JMESPath expression: Unexpected token: c, at "
        "character 3",
    ),
    "a wrong expression in a line of a template": (
        turn('{"type": "template", "text": ["","","","","","","","","{{ last", "}} {{ c d }}"]}'),
        "1:77: $.turns[0].text[9]: {{ c d }}: not a JMESPath expression: Unexpected token: d, at "
        "character 3",
    ),
    "a template that does not end": (
        turn('{"type": "template", "text": ["a", "{{{{ {{ {b: c} }"]}'),
        "1:47: $.turns[0].text[1]: '{{' without '}}'; for the two characters themselves write "
        "'{{{{'",
    ),
}
INVALID |= EXPRESSIONS

INVALID |= {
    f"a fault {what}": (
        said(f'"fault": {value}'),
        f"1:{column}: $.turns[0].fault{problem}",
    )
    for what, value, column, problem in (
        ("of a list", "[]", 56, ": expected a string or an object, got an array"),
        (
            "that is unknown",
            '"disconect"',
            56,
            f": unknown fault 'disconect'; expected one of {FAULTS}; did you mean 'disconnect'?",
        ),
        ("without a kind", "{}", 56, f": missing key 'kind'; expected one of {FAULTS}"),
        (
            "with a key of another",
            '{"kind": "disconnect", "ms": 5}',
            79,
            ".ms: unknown key 'ms'; expected one of 'kind', 'after_chunks'",
        ),
        (
            "after less than nothing",
            '{"kind": "stall", "after_chunks": -1}',
            90,
            ".after_chunks: expected an integer from 0 up, got -1",
        ),
        (
            "of a negative time",
            '{"kind": "stall", "ms": -1}',
            80,
            ".ms: expected a number from 0 to 3600000, got -1",
        ),
    )
}
INVALID |= {
    f"an error {what}": (
        turn('{"type": "error", "kind": "timeout", ' + rest + "}"),
        f"1:{column}: $.turns[0].{problem}",
    )
    for what, rest, column, problem in (
        (
            "with half a second to wait",
            '"retry_after": 0.5',
            64,
            "retry_after: expected an integer, got a number",
        ),
        (
            "with more than a day to wait",
            '"retry_after": 86401',
            64,
            "retry_after: expected an integer from 0 to 86400, got 86401",
        ),
        (
            "with a list of headers",
            '"headers": []',
            60,
            "headers: expected an object, got an array",
        ),
        (
            "with a header that has no name",
            '"headers": {"a b": "c"}',
            60,
            "headers: 'a b' is no name of a header",
        ),
        (
            "with a header that is a number",
            '"headers": {"a": 1}',
            60,
            "headers: the header 'a': expected a string, got a number",
        ),
        (
            "with a header of two lines",
            '"headers": {"a": "b\\nc"}',
            60,
            "headers: the header 'a': expected visible ASCII characters, without blanks at the "
            "ends",
        ),
    )
} | {
    "a seed of a script that is a word": (
        '{"seed": "x", "turns": [{"type": "assistant", "text": "x"}]}',
        "1:10: $.seed: expected an integer, got a string",
    ),
}
VALID |= VALID_TRACKS
NULLS |= NULL_TRACKS
INVALID |= INVALID_TRACKS
