"""Text that is not JSON as RFC 8259 has it.

Always a `ScriptParseError` with a line and a column, never another exception.
"""

from __future__ import annotations

import sys
from contextlib import nullcontext

import pytest

from llmsim.errors import ScriptError, ScriptParseError
from llmsim.script import Call, Script
from llmsim.script.parse import parse
from llmsim.script.positions import MAX_DEPTH
from tests.each import for_each
from tests.script.samples import VALID, call, turn

LONG = "9" * (sys.get_int_max_str_digits() + 1)

BROKEN = {
    "a duplicate key": ('{"turns": [],\n "turns": []}', "2:2: $.turns: duplicate key 'turns'"),
    "a duplicate key in arguments": (
        call('{"name": "a", "arguments": {"x": [{"k": 1, "l": 2, "k": 3}]}}'),
        "1:96: $.turns[0].calls[0].arguments.x[0].k: duplicate key 'k'",
    ),
    "a duplicate key that is spelt with an escape": (
        '{"turns": [],\n "\\u0074urns": []}',
        "2:2: $.turns: duplicate key 'turns'",
    ),
    "NaN": (
        call('{"name": "a", "arguments": [NaN]}'),
        "1:73: $.turns[0].calls[0].arguments[0]: NaN is not a JSON number",
    ),
    "Infinity": (
        call('{"name": "a", "arguments": Infinity}'),
        "1:72: $.turns[0].calls[0].arguments: Infinity is not a JSON number",
    ),
    "-Infinity": (
        call('{"name": "a", "arguments": -Infinity}'),
        "1:72: $.turns[0].calls[0].arguments: -Infinity is not a JSON number",
    ),
    "a number that overflows": (
        call('{"name": "a", "arguments": {"b": -1e999}}'),
        "1:78: $.turns[0].calls[0].arguments.b: -1e999 is too large a number",
    ),
    "an integer that is too long": (
        call('{"name": "a", "arguments": ' + LONG + "}"),
        (
            f"1:72: $.turns[0].calls[0].arguments: an integer of {len(LONG):,} digits is too "
            f"long; the limit is {len(LONG) - 1:,}"
        ),
    ),
}


@pytest.mark.parametrize(("text", "problem"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_json_is_reported_at_its_place(text: str, problem: str) -> None:
    with pytest.raises(ScriptParseError) as caught:
        Script.from_json(text, "s")
    assert str(caught.value) == f"s:{problem}"


@pytest.mark.parametrize("text", ["NaN", "[-Infinity]", "1e999", '{"a": 1, "a": 1}', LONG])
def test_the_parser_alone_refuses_what_json_takes(text: str) -> None:
    with pytest.raises(ScriptParseError):
        parse(text, "s")


def test_all_duplicates_and_bad_numbers_are_reported_at_once() -> None:
    with pytest.raises(ScriptParseError) as caught:
        Script.from_json('{"a": 1,\n "a": NaN,\n "b": 1e400,\n "b": [{"c": 1, "c": 2}]}')
    assert [(p.line, p.column, p.path) for p in caught.value.problems] == [
        (2, 2, "$.a"),
        (2, 7, "$.a"),
        (3, 7, "$.b"),
        (4, 2, "$.b"),
        (4, 17, "$.b[0].c"),
    ]


@pytest.mark.parametrize("rest", ["}}}}", ']]]"\\x', "\x00 5e5e5", '"', "1.e.2"])
def test_what_follows_a_duplicate_key_may_be_garbage(rest: str) -> None:
    with pytest.raises(ScriptParseError) as caught:
        Script.from_json('[{"a": 1, "a": 2}, ' + rest)
    assert caught.value.problems[0].at("s") == "s:1:11: $[0].a: duplicate key 'a'"


@pytest.mark.parametrize(
    ("data", "line", "column", "message"),
    [
        (b'{"a":\n "\xc3\xa4\xff"}', 2, 4, "not UTF-8: byte 0xff at offset 10"),
        (b"\xff\xfe{\x00", 1, 1, "not UTF-8: byte 0xff at offset 0"),
        (b'\xef\xbb\xbf"\xff"', 1, 2, "not UTF-8: byte 0xff at offset 4"),
    ],
)
def test_bytes_that_are_not_utf_8_are_reported_with_their_offset(
    data: bytes, line: int, column: int, message: str
) -> None:
    with pytest.raises(ScriptParseError) as caught:
        Script.from_json(data)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.message) == (line, column, message)


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + closing * depth


@pytest.mark.parametrize("depth", [MAX_DEPTH - 4, MAX_DEPTH, 900, 2_000, 10_000, 200_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":[', "]}")])
def test_arguments_that_are_nested_too_deeply_are_refused_at_every_depth(
    depth: int, opening: str, closing: str
) -> None:
    text = call('{"name": "a", "arguments": ' + nested(depth, opening, closing) + "}")
    with pytest.raises(ScriptParseError) as caught:
        Script.from_json(text)
    (problem,) = caught.value.problems
    assert problem.message == f"nested too deeply: more than {MAX_DEPTH} levels"
    assert problem.path.startswith("$.turns[0].calls[0].arguments")
    assert problem.path.endswith("...")
    assert problem.line == 1
    assert problem.column > 72


@pytest.mark.parametrize(
    "text", [nested(10_000), turn(nested(10_000)), "[" * 10_000, '{"a":' * 10_000]
)
def test_deep_nesting_anywhere_is_a_parse_error_with_a_place(text: str) -> None:
    with pytest.raises(ScriptParseError) as caught:
        Script.from_json(text)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column > 1) == (1, True)


def test_arguments_at_the_limit_load_and_go_round() -> None:
    text = call('{"name": "a", "arguments": ' + nested(MAX_DEPTH - 5) + "}")
    script = Script.from_json(text)
    assert Script.from_json(script.canonical()) == script


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert (
        len(Script.from_json(call('{"name": "a", "arguments": [' + "[]," * 2_000 + '"[["]}'))) == 1
    )


@pytest.mark.parametrize("depth", [MAX_DEPTH - 4, 100_000])
def test_deep_arguments_from_python_are_refused(depth: int) -> None:
    arguments: list[object] = []
    for _ in range(depth - 1):
        arguments = [arguments]
    with pytest.raises(ScriptError, match="nested too deeply"):
        Call("a", arguments)


def test_where_the_stack_is_almost_used_up_it_is_still_a_script_error() -> None:
    text = call('{"name": "a", "arguments": ' + nested(MAX_DEPTH - 5) + "}")

    def at_depth(frames: int) -> Script:
        return at_depth(frames - 1) if frames else Script.from_json(text)

    with (
        pytest.raises(ScriptError, match="nested too deeply")
        if sys.version_info < (3, 12)
        else nullcontext()
    ):  # from 3.12 on, C has its own limit
        at_depth(sys.getrecursionlimit() - 500)


@for_each("text", VALID)
def test_every_prefix_of_a_script_is_a_script_error(text: str) -> None:
    for end in range(len(text.rstrip())):
        with pytest.raises(ScriptError):
            Script.from_json(text[:end])
