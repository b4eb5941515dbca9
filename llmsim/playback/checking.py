"""A script that came with a request: checked, without holding up whoever else the worker serves.

To check 100,000 turns takes ten seconds of Python. A large script is checked by a process of its
own, `python -m llmsim.playback.checker`; one at a time for each worker, since it takes half a
gigabyte.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO, Any

import llmsim
from llmsim.errors import ScriptError, StoreError
from llmsim.json_text import parse as parse_json
from llmsim.playback.polled_lock import PolledLock
from llmsim.playback.stored import LARGE_BYTES, Reference, is_large, opened
from llmsim.script import Script
from llmsim.script.parse import decode, parse
from llmsim.store.base import Blob

_SCRIPT, _BODY = "script", "body"  # what errors call the text
WHOLE, MEMBER = "whole", "member"  # where the script is
LENGTH = 8  # bytes in which a length is written
_LONGEST_REFERENCE = 1024  # bytes
_CHECKER = "llmsim.playback.checker"
_TURNS = b',"turns":[\n'  # as `Script.canonical` writes it; no text in JSON has a line break
_ONE_AT_A_TIME = PolledLock()


@dataclass(frozen=True, slots=True)
class Checked:
    """A script and its canonical text."""

    script: Script
    content: Blob

    @classmethod
    def of(cls, script: Script) -> Checked:
        """A script that was made here."""
        return cls(script, script.canonical())

    def under(self, script: Script) -> Checked:
        """`script`, which has the same turns. Their text is taken as it is: it may be large."""
        if script is self.script:
            return self
        if not script.turns:
            return Checked.of(script)
        head, _, _ = replace(script, turns=script.turns[:1]).canonical().partition(_TURNS)
        return Checked(script, head + self.content[self.content.find(_TURNS) :])


def checked_script(text: IO[bytes]) -> Checked:
    """The script that a file holds.

    Raises:
        ScriptError: it is none.
        StoreError: it could not be checked.
    """
    checked, _ = _checked(text, WHOLE)
    assert checked is not None  # noqa: S101 - a text without a script is an error
    return checked


def checked_or_named(text: IO[bytes]) -> Checked | Reference:
    """The script that a file holds, or `{"use": "<name>"}`.

    Raises:
        ScriptError: it is neither.
        StoreError: it could not be checked.
    """
    text.seek(0)
    start = text.read(_LONGEST_REFERENCE)
    value = None
    with suppress(ValueError):
        value = parse_json(start)
    if isinstance(value, dict) and value.keys() == {"use"} and isinstance(value["use"], str):
        return Reference(value["use"])
    return checked_script(text)


def checked_member(text: IO[bytes]) -> tuple[Checked | None, Any]:
    """The member `script` of the object in a file, and the object without it.

    None where it has no such member. What is no object is given back as it is, all of it or the
    member.

    Raises:
        ScriptError: the file holds no JSON, or the member is no script.
        StoreError: it could not be checked.
    """
    return _checked(text, MEMBER)


def load(text: bytes, where: str) -> tuple[Script | None, Any]:
    """The script in `text`, which is all of it or a member of an object, and the rest.

    Raises:
        ScriptError: as `checked_member`.
    """
    if where == WHOLE:
        return Script.from_json(text, _SCRIPT), None
    rest = strict_json(text)
    if not isinstance(rest, dict) or not isinstance(rest.get(_SCRIPT), dict):
        return None, rest
    return Script.from_spec(rest.pop(_SCRIPT), _SCRIPT), rest


def strict_json(text: bytes) -> Any:
    """The JSON value in a request's body.

    Raises:
        ScriptParseError: it is none, or an object in it has a key twice.
    """
    return parse(decode(text, _BODY), _BODY)


def _checked(text: IO[bytes], where: str) -> tuple[Checked | None, Any]:
    size = text.seek(0, os.SEEK_END)
    text.seek(0)
    here = not _can_start_python()
    if size <= LARGE_BYTES or here:
        body = text.read()
        if here or not is_large(body):
            script, rest = load(body, where)
            return (None if script is None else Checked.of(script)), rest
        text.seek(0)
    with _ONE_AT_A_TIME.held():
        return _elsewhere(text, where)


def _can_start_python() -> bool:
    """Under some servers, such as uWSGI, the executable is the server's own."""
    return Path(sys.executable or "").name.startswith(("python", "pypy"))


def _elsewhere(text: IO[bytes], where: str) -> tuple[Checked | None, Any]:
    package = str(Path(llmsim.__file__).parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    with tempfile.TemporaryFile() as answer:
        ended = subprocess.run(  # noqa: S603 - nothing in it comes from outside
            [sys.executable, "-P", "-m", _CHECKER, where],
            stdin=text,
            stdout=answer,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            check=False,
        )
        if ended.returncode:
            raise StoreError(
                f"The script could not be checked: the process that does it ended with "
                f"{ended.returncode}. Is there enough memory?"
            )
        return _answered(answer)


def _answered(answer: IO[bytes]) -> tuple[Checked | None, Any]:
    """What `checker` wrote: the canonical text, the rest pickled, and its length."""
    end = answer.seek(-LENGTH, os.SEEK_END)
    length = int.from_bytes(answer.read())
    answer.seek(end - length)
    outcome = pickle.loads(answer.read(length))  # noqa: S301 - our own process wrote it
    if isinstance(outcome, ScriptError):
        raise outcome
    if end == length:
        return None, outcome
    content = mmap(answer.fileno(), end - length, access=ACCESS_READ)
    return Checked(opened(content), content), outcome
