"""Scripts built in Python are checked as strictly as files."""

from __future__ import annotations

import dataclasses

import pytest

from llmsim.errors import ScriptEmptyError, ScriptInvalidError
from llmsim.script import Assistant, Call, Error, InvalidRequest, Mixed, Other, RateLimit, Script, Timeout, ToolCalls

WRONG = {
    "a text that is a number": (lambda: Assistant(5), "$.text: expected a string, got a number"),
    "a text that is None": (lambda: Mixed(None, [Call("a")]), "$.text: expected a string, got null"),
    "no call": (lambda: ToolCalls([]), "$.calls: a turn that calls tools needs at least one call"),
    "a call instead of calls": (lambda: ToolCalls(Call("a")), "$.calls: expected a list or tuple of Call, got Call"),
    "a dictionary as call": (lambda: Mixed("", [Call("a"), {}]), "$.calls[1]: expected a Call, got an object"),
    "an empty name": (lambda: Call(""), "$.name: expected a string that is not empty"),
    "a name that is None": (lambda: Call(None), "$.name: expected a string, got null"),
    "an empty id": (lambda: Call("a", id=""), "$.id: expected a string that is not empty"),
    "an id that is a number": (lambda: Call("a", id=7), "$.id: expected a string, got a number"),
    "a tuple": (lambda: Call("a", (1,)), "$.arguments: expected a JSON value: no tuple, and no key that is not a string"),
    "a number as key": (lambda: Call("a", {1: 1}), "$.arguments: expected a JSON value: no tuple, and no key that is not a string"),
    "bytes": (lambda: Call("a", b""), "$.arguments: expected a JSON value: Object of type bytes is not JSON serializable"),
    "a kind's class": (lambda: Error(RateLimit), "$.kind: expected an error kind such as RateLimit(), got ABCMeta"),
    "a kind's name": (lambda: Error("timeout"), "$.kind: expected an error kind such as RateLimit(), got a string"),
    "a message that is None": (lambda: RateLimit(None), "$.message: expected a string, got null"),
    "a timeout message that is None": (lambda: Timeout(None), "$.message: expected a string, got null"),
    "a message that is a number": (lambda: InvalidRequest(1), "$.message: expected a string, got a number"),
    "another message that is a number": (lambda: Other(1), "$.message: expected a string, got a number"),
    "a status that is a string": (lambda: Other("m", "502"), "$.status_code: expected an integer from 400 to 599, got a string"),
    "a status of 200": (lambda: Other("m", 200), "$.status_code: expected an integer from 400 to 599, got 200"),
    "a status that is True": (lambda: Other("m", True), "$.status_code: expected an integer from 400 to 599, got a boolean"),
    "no turn": (lambda: Script([]), "$.turns: a script needs at least one turn"),
    "a turn instead of turns": (lambda: Script(Assistant("x")), "$.turns: expected a list or tuple of turns, got Assistant"),
    "a dictionary as turn": (lambda: Script([Assistant("x"), {}]), "$.turns[1]: expected a turn, got an object"),
    "an unknown end": (
        lambda: Script([Assistant("x")], "lop"),
        "$.on_exhausted: unknown on_exhausted 'lop'; expected one of 'repeat_last', 'error', 'loop'; did you mean 'loop'?",
    ),
    "an end that is None": (lambda: Script([Assistant("x")], None), "$.on_exhausted: expected a string, got null"),
}


@pytest.mark.parametrize(("make", "problem"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_value_is_refused_where_it_is_passed(make, problem):
    with pytest.raises(ScriptInvalidError) as caught:
        make()
    assert str(caught.value) == f"<code>: {problem}"


def test_a_script_without_turns_is_an_error_of_its_own():
    with pytest.raises(ScriptEmptyError):
        Script(())


def test_every_wrong_turn_is_named():
    with pytest.raises(ScriptInvalidError) as caught:
        Script([1, Assistant("x"), Assistant])
    assert [problem.path for problem in caught.value.problems] == ["$.turns[0]", "$.turns[2]"]


def test_lists_are_kept_as_tuples():
    call = Call("a")
    assert Script([ToolCalls([call]), Mixed("", [call])]).turns == (ToolCalls((call,)), Mixed("", (call,)))
    assert type(Script([ToolCalls([call])]).turns) is type(ToolCalls([call]).calls) is tuple


def test_arguments_do_not_follow_later_changes_of_what_was_passed():
    arguments = {"k": [1]}
    call = Call("a", arguments)
    arguments["k"].append(2)
    assert (call.arguments, call.arguments_json) == ({"k": [1]}, '{"k":[1]}')


def test_a_call_without_arguments_has_an_object_of_its_own():
    assert Call("a").arguments == {}
    assert Call("a").arguments is not Call("a").arguments


@pytest.mark.parametrize(("thing", "field"), [(Assistant("x"), "text"), (Call("a"), "name"), (Script([Assistant("x")]), "turns")])
def test_nothing_can_be_changed(thing, field):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(thing, field, "y")


def test_turns_print_as_they_are_written():
    script = Script([Mixed("x", [Call("a", {"k": 1})]), Error(Other("m"))])
    names = {"Assistant": Assistant, "Call": Call, "Error": Error, "Mixed": Mixed, "Other": Other, "Script": Script}
    assert eval(repr(script), names) == script


def test_equal_scripts_have_equal_hashes():
    assert len({Script([ToolCalls([Call("a", {"k": []})])]), Script([ToolCalls([Call("a", {"k": []})])])}) == 1
