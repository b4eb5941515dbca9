"""Scripts that load, and where they are read from."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmsim.errors import ScriptError, ScriptParseError, ScriptReadError
from llmsim.script import (
    Assistant,
    Call,
    Echo,
    Error,
    InvalidRequest,
    Lorem,
    Mixed,
    Other,
    RateLimit,
    Refusal,
    Script,
    Timeout,
    ToolCalls,
    Usage,
)
from llmsim.script.folder import read_folder
from tests.each import for_each
from tests.narrowing import of_type
from tests.script.samples import NULLS, VALID

EVERYTHING = """{
 "on_exhausted": "loop",
 "turns": [
  {"type": "assistant", "text": "Hello"},
  {"type": "tool_calls", "calls": [{"name": "bash", "arguments": {"command": "ls"}}]},
  {"type": "mixed", "text": "Running ls",
   "calls": [{"name": "bash", "arguments": {"command": "ls"}, "id": "call_42"}]},
  {"type": "error", "kind": "rate_limit"},
  {"type": "error", "kind": "timeout"},
  {"type": "error", "kind": "invalid_request", "message": "bad args"},
  {"type": "error", "kind": "other", "message": "boom", "status_code": 502},
  {"type": "assistant", "text": "42", "reasoning": "6 * 7", "finish_reason": "length",
   "usage": {"prompt_tokens": 9, "cached_tokens": 8}},
  {"type": "refusal", "text": "No."},
  {"type": "echo", "prefix": "> "},
  {"type": "lorem", "tokens": 12, "seed": 3}]}"""


def test_json_becomes_the_same_script_as_python_builds() -> None:
    assert Script.from_json(EVERYTHING) == Script(
        [
            Assistant("Hello"),
            ToolCalls([Call("bash", {"command": "ls"})]),
            Mixed("Running ls", [Call("bash", {"command": "ls"}, id="call_42")]),
            Error(RateLimit()),
            Error(Timeout()),
            Error(InvalidRequest("bad args")),
            Error(Other("boom", 502)),
            Assistant(
                "42",
                reasoning="6 * 7",
                finish_reason="length",
                usage=Usage(prompt_tokens=9, cached_tokens=8),
            ),
            Refusal("No."),
            Echo("> "),
            Lorem(12, seed=3),
        ],
        on_exhausted="loop",
    )


@for_each("text", VALID)
def test_every_valid_form_loads_from_text_bytes_and_dictionary(text: str) -> None:
    script = Script.from_json(text)
    assert Script.from_json(text.encode()) == script
    assert Script.from_spec(json.loads(text)) == script


@pytest.mark.parametrize(("with_null", "without"), NULLS.items())
def test_null_is_absent_where_a_key_may_be(with_null: str, without: str) -> None:
    assert Script.from_json(with_null) == Script.from_json(without)
    assert Script.from_spec(json.loads(with_null)) == Script.from_json(without)


def test_a_text_may_be_written_as_lines() -> None:
    lines = ["a", "", 'b "c"']
    keys = {"text": lines, "reasoning": lines}
    spec = {
        "turns": [
            {"type": "assistant", **keys},
            {"type": "mixed", "calls": [{"name": "a"}], **keys},
            {"type": "refusal", **keys},
            {"type": "lorem", "tokens": 1, "reasoning": []},
        ]
    }
    script = Script.from_json(json.dumps(spec))
    joined = 'a\n\nb "c"'
    assert script == Script(
        [
            Assistant(joined, reasoning=joined),
            Mixed(joined, [Call("a")], reasoning=joined),
            Refusal(joined, reasoning=joined),
            Lorem(1, reasoning=""),
        ]
    )
    assert script.to_spec()["turns"][0]["text"] == joined
    assert Script.from_json(script.canonical()) == script


def test_the_default_end_is_to_repeat_the_last_turn() -> None:
    assert Script.from_json(VALID["the least"]).on_exhausted == "repeat_last"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("a call without arguments", {}),
        ("an object as arguments", {"a": [1, {"b": None}]}),
        ("an array as arguments", []),
        ("a string as arguments", "ls"),
        ("a number as arguments", -1500.0),
        ("a boolean as arguments", False),
        ("null as arguments", None),
    ],
)
def test_arguments_are_any_json_value(name: str, arguments: Any) -> None:
    (turn,) = Script.from_json(VALID[name]).turns
    assert repr(of_type(ToolCalls, turn).calls[0].arguments) == repr(arguments)


def test_a_byte_order_mark_is_accepted_and_does_not_move_columns(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_bytes(b"\xef\xbb\xbf" + EVERYTHING.encode())
    assert len(Script.from_file(path)) == 11
    assert Script.from_json("\ufeff" + EVERYTHING) == Script.from_file(path)
    with pytest.raises(ScriptError) as caught:
        Script.from_json(b"\xef\xbb\xbf[]")
    assert (caught.value.problems[0].line, caught.value.problems[0].column) == (1, 1)


def test_big_integers_are_kept_exactly() -> None:
    number = 12345678901234567890123456789
    script = Script.from_json(
        json.dumps(
            {
                "turns": [
                    {
                        "type": "tool_calls",
                        "calls": [{"name": "a", "arguments": [number, 2**53 + 1]}],
                    }
                ]
            }
        )
    )
    assert (
        of_type(ToolCalls, script.turns[0]).calls[0].arguments_json
        == f"[{number},9007199254740993]"
    )
    assert str(number).encode() in script.canonical()


def test_loading_leaves_the_dictionary_alone_and_does_not_share_it() -> None:
    spec = json.loads(EVERYTHING)
    script = Script.from_spec(spec)
    assert spec == json.loads(EVERYTHING)
    spec["turns"][1]["calls"][0]["arguments"]["command"] = "rm"
    assert script == Script.from_json(EVERYTHING)
    assert of_type(ToolCalls, script.turns[1]).calls[0].arguments == {"command": "ls"}


def test_a_file_is_named_in_its_errors(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text("{")
    with pytest.raises(ScriptParseError, match=r"script\.json:1:2: \$: not JSON: "):
        Script.from_file(path)


def _missing(path: Path) -> Any:
    pass


def _directory(path: Path) -> Any:
    path.mkdir()


def _fifo(path: Path) -> Any:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_missing, "No such file or directory"),
        (_directory, "it is a directory"),
        (_fifo, "it is not a regular file"),
    ],
)
def test_what_is_no_regular_file_is_refused_without_waiting(
    tmp_path: Path, make: Callable[..., Any], reason: str
) -> None:
    path = tmp_path / "script.json"
    make(path)
    with pytest.raises(ScriptReadError) as caught:
        Script.from_file(path)
    assert str(caught.value) == f"{path}: cannot read the script: {reason}"


def test_a_permission_error_is_a_read_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "script.json"
    path.write_text(EVERYTHING)

    def refuse(self: Path) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(ScriptReadError, match="Permission denied"):
        Script.from_file(path)


def test_a_folder_that_cannot_be_read_is_not_told_to_be_empty(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="cannot read the script: No such file or directory"):
        read_folder(str(tmp_path / "gone"), Script.from_file)


def test_what_editors_hide_in_a_folder_is_no_script(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(EVERYTHING)
    (tmp_path / ".#a.json").symlink_to("me@here.1:2")
    (tmp_path / "._a.json").write_bytes(b"\0")
    assert [*read_folder(str(tmp_path), Script.from_file)] == ["a"]


def test_a_null_character_in_a_path_is_a_read_error() -> None:
    with pytest.raises(ScriptReadError, match="null"):
        Script.from_file("a\0b")


def test_a_file_above_the_limit_names_size_limit_and_setting(tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(EVERYTHING)
    size = path.stat().st_size
    assert len(Script.from_file(path, max_bytes=size)) == 11
    with pytest.raises(ScriptReadError) as caught:
        Script.from_file(path, max_bytes=size - 1)
    assert caught.value.reason == (
        f"it holds {size} bytes, more than the limit of {size - 1}; the setting "
        "response.max_script_mb raises it"
    )
