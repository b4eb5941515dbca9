"""Values that turns take from their request."""

from __future__ import annotations

import json
from typing import Any

import pytest

from llmsim.conversation import CalledTool, Conversation, Message, Request
from llmsim.errors import ScriptInvalidError
from llmsim.reply import Reply, Text
from llmsim.script import Call, Mixed, Script, Template, ToolCalls
from llmsim.script.turns import Turn
from tests.narrowing import of_type


def request(*results: str, **more: Any) -> Request:
    """A request with a call of `find` for each result."""
    messages = [Message("user", "one")]
    for number, result in enumerate(results):
        call_id = f"c{number}"
        messages.append(Message("assistant", "", (CalledTool("find", "{}", call_id),)))
        messages.append(Message("tool", result, call_id=call_id))
    messages.append(Message("user", "two"))
    return Request(Conversation("S", tuple(messages)), **more)


def played(turn: Turn, asked: Request) -> Reply:
    return of_type(Reply, turn.play("0", asked))


def arguments(given: Any, asked: Request) -> str:
    (call,) = played(ToolCalls([Call("a", given)]), asked).calls
    assert json.loads(call.arguments_json) == call.arguments
    return call.arguments_json


def said(text: str, asked: Request) -> str:
    reply = played(Template(text), asked)
    (block,) = reply.blocks
    return of_type(Text, block).text


ID = 123456789012345678901234567890
ORDER = f'{{"id": {ID}, "sum": 1.50, "to": "Zoë \\"Z\\"", "ok": true}}'


@pytest.mark.parametrize(
    ("expression", "in_json", "in_text"),
    [
        ("results[-1].json.id", f"{ID}", f"{ID}"),
        ("results[-1].json.to", r'"Zoë \"Z\""', 'Zoë "Z"'),
        ("results[-1].json.ok", "true", "true"),
        ("results[-1].json.sum", "1.5", "1.5"),
        ("results[-1].tool", '"find"', "find"),
        ("results[].json.{n: id}", f'[{{"n":{ID}}}]', f'[{{"n":{ID}}}]'),
        ("[system, first, last]", '["S","one","two"]', '["S","one","two"]'),
        ("body.metadata", '{"user":"u"}', '{"user":"u"}'),
        ("model", '"gpt"', "gpt"),
        ("length(results)", "1", "1"),
        ('`{"$value": "model"}`', '{"$value":"model"}', '{"$value":"model"}'),
        ("''", '""', ""),
    ],
)
def test_what_an_expression_finds_stands_in_arguments_as_json_and_in_a_text_as_text(
    expression: str, in_json: str, in_text: str
) -> None:
    asked = request(ORDER, model="gpt", body={"metadata": {"user": "u"}})
    assert arguments({"a": [{"$value": expression}]}, asked) == f'{{"a":[{in_json}]}}'
    assert arguments({"$value": expression}, asked) == in_json
    assert said(f"<{{{{ {expression} }}}}>", asked) == f"<{in_text}>"
    assert played(Template(f"{{{{{expression} }}}}"), asked).not_found == ()


def test_what_is_not_found_is_an_empty_string_and_named_once() -> None:
    given = {
        "a": {"$value": "results[-1].json.id"},
        "b": {"$value": "results[0].json.n"},
        "c": {"$value": "results[-1].json.id"},
        "d": {"$value": "last"},
    }
    for turn in (ToolCalls([Call("a", given), Call("b", given)]), Mixed("x", [Call("a", given)])):
        reply = played(turn, request('{"n": null}', "no JSON"))
        assert reply.calls[0].arguments == {"a": "", "b": "", "c": "", "d": "two"}
        assert reply.not_found == ("results[-1].json.id", "results[0].json.n")
    reply = played(Template("<{{ body.x }}{{ last }}>"), request())
    assert (reply.text, reply.not_found) == ("<two>", ("body.x",))


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("results[0].json", "NaN"),
        ("results[0].json", '{"a": 1e999}'),
        ("to_number('nan')", ""),
        ("abs(last)", ""),
        ("contains(last, `1`)", ""),
        ("ceil(to_number('1e999'))", ""),
        ("results[::0]", ""),
        ("&last", ""),
        ("results[0].json", "[" * 600 + "]" * 600),
        ("results[0].json", "[" * 100_000),
    ],
)
def test_what_is_no_json_value_is_not_found(expression: str, result: str) -> None:
    turn = ToolCalls([Call("a", {"b": {"$value": expression}})])
    reply = played(turn, request(result))
    assert (reply.calls[0].arguments, reply.not_found) == ({"b": ""}, (expression,))


def test_a_value_may_be_nested_as_deep_as_arguments_may() -> None:
    outer = 300
    given: Any = {"$value": "results[0].json"}
    for _ in range(outer):
        given = [given]
    turn = ToolCalls([Call("a", given)])
    for inner, found in ((507 - outer, True), (508 - outer, False)):
        reply = played(turn, request("[" * inner + "]" * inner))
        assert (reply.not_found == ()) is found


def test_letters_of_all_kinds_come_through() -> None:
    result = '{"text": "\\ud83d \\u2028 \\"{{ model }}\\" \\\\"}'
    value = '\ud83d \u2028 "{{ model }}" \\'
    (call,) = played(
        ToolCalls([Call("a", [{"$value": "results[0].json.text"}])]), request(result)
    ).calls
    assert call.arguments == [value]
    assert said("{{ results[0].json.text }}", request(result)) == value


def test_a_string_that_looks_like_a_value_is_none() -> None:
    given = {'{"$value":"model"}': '{"$value":"model"}', "b": '\\"{"$value":"model"}'}
    turn = ToolCalls([Call("a", given)])
    assert not turn.reads_request
    assert played(turn, request()).calls[0].arguments == given
    assert arguments([given, {"$value": "last"}], request()) == json.dumps(
        [given, "two"], separators=(",", ":")
    )


def test_value_is_a_key_like_any_other_beside_others() -> None:
    given = {"$value": "model", "more": {"$value": 7, "x": {"$value": "last"}}}
    assert json.loads(arguments(given, request())) == {
        "$value": "model",
        "more": {"$value": 7, "x": "two"},
    }


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("no value", "no value"),
        ("{{{{ last }}", "{{ last }}"),
        ("{{{{{{ last }}}}", "{{two}}"),
        ("{ {} }} }", "{ {} }} }"),
        ("{{last}}{{ first\n}}", "twoone"),
        ("{{ {a: {b: last}} }}", '{"a":{"b":"two"}}'),
        ("{{{a: {b: last}}}}", '{"a":{"b":"two"}}'),
        ("{{ '}}' }}{{ '{' }}", "}}{"),
        (r"{{ 'it\'s }}' }}", "it's }}"),
        ('{{ `"}}"` }}{{ body."}}" }}', "}}!"),
        ("", ""),
    ],
)
def test_braces_that_are_text_stay_text(text: str, filled: str) -> None:
    assert said(text, request(body={"}}": "!"})) == filled


def test_turns_of_python_code_are_checked_as_those_of_a_file() -> None:
    with pytest.raises(ScriptInvalidError) as caught:
        Call("a", {"b": [{"$value": "c."}], "d": {"$value": None}})
    assert sorted(problem.path for problem in caught.value.problems) == [
        '$.arguments.b[0]["$value"]',
        '$.arguments.d["$value"]',
    ]
    with pytest.raises(ScriptInvalidError, match="Unexpected token: d"):
        Template("{{ c d }}")


def test_each_request_gets_values_of_its_own_from_one_turn() -> None:
    script = Script([Mixed("x", [Call("a", {"b": {"$value": "results[0].text"}}, "fixed")])])
    for result in ("r1", "r2"):
        reply = of_type(Reply, script.play(0, request(result)))
        assert reply.calls[0].arguments == {"b": result}
