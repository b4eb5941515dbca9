"""A journal entry as a line of JSON, and back.

An entry is written before the last bytes of its answer leave, so that a client that has them can
read it. If those bytes then cannot be sent, the end of the line is amended: its fields have a fixed
width. Whoever reads a line gets it without the padding.

A line without bodies is short: its fields have names of one letter, and those at their default are
left out. A reader gets it whole.

Every line begins with its generation, and says in its end whether it is an error, so that entries
are told apart and counted without being parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from llmsim.json_text import ascii_json, parse
from llmsim.script.track import MAIN

_SHORT: Final = {
    "generation": "g",
    "time": "t",
    "position": "p",
    "turn": "n",
    "api": "a",
    "method": "m",
    "path": "u",
    "stream": "s",
    "retry_count": "r",
    "request_bytes": "b",
    "worker": "w",
    "answer": "x",
    "status": "c",
    "outcome": "o",
    "bytes": "y",
    "chunks": "k",
    "duration_ms": "d",
}
_LONG: Final = {short: name for name, short in _SHORT.items()}
_DEFAULTS: Final = {
    "position": None,
    "turn": None,
    "script": None,
    "track": MAIN,
    "method": "POST",
    "stream": False,
    "retry_count": None,
    "order": "arrival",
    "step": None,
    "try": None,
    "conversation": None,
}
_DROPPED: Final = {"request_body": None, "request_dropped": True}
_LEFT_OUT: Final = ("session", "request_headers", "request_text", "request_truncated")
# The first of what may be long in a line. No string in JSON holds these bytes: its quotes are
# escaped there.
_LONG_PART: Final = b',"request_headers":'

_GENERATION, _SHORT_GENERATION = b'{"generation":"', b'{"g":"'
_END = b',"status":%3d,"outcome":%-13s,"bytes":%11d,"chunks":%8d,"duration_ms":%12.3f}'
_SHORT_END = b',"c":%3d,"o":%-13s,"y":%11d,"k":%8d,"d":%12.3f}'


class End(NamedTuple):
    """How an answer ended.

    Its status, `completed`, `client_gone` or `broken_off`, how many bytes and writes of its body
    went out, and how long it took.
    """

    status: int
    outcome: str
    size: int
    chunks: int
    duration_ms: float

    def text(self, *, short: bool) -> bytes:
        """The end of a line; always as long."""
        status, outcome, *numbers = self
        return (_SHORT_END if short else _END) % (
            status,
            b'"%b"' % outcome.encode("ascii"),
            *numbers,
        )


_NO_END = End(0, "", 0, 0, 0)
_END_SIZE, _SHORT_END_SIZE = len(_NO_END.text(short=False)), len(_NO_END.text(short=True))


def line(facts: Mapping[str, Any], body: bytes | None, end: End) -> bytes:
    """A whole entry. `facts` begin with the generation; `body` is JSON text."""
    start = ascii_json(facts)[:-1]
    return start + (b"" if body is None else b',"request_body":' + body) + end.text(short=False)


def short_line(facts: Mapping[str, Any], end: End) -> bytes:
    """The same entry without what the request and the answer held; a failure is kept."""
    kept = {
        _SHORT.get(name, name): value
        for name, value in facts.items()
        if name not in _LEFT_OUT
        and not (name in _DEFAULTS and value == _DEFAULTS[name])
        and not (name == "answer" and "failure" not in value)
    }
    return ascii_json(kept)[:-1] + end.text(short=True)


def generation_of(entry: bytes) -> str | None:
    """The generation that a line is of, None where it is no entry."""
    for start in (_GENERATION, _SHORT_GENERATION):
        if entry.startswith(start):
            return entry[len(start) : len(start) + 16].decode("ascii", "replace")
    return None


def starts_of(generation: str) -> tuple[bytes, bytes]:
    """How the lines of a generation's entries begin."""
    mark = generation.encode("ascii") + b'"'
    return _GENERATION + mark, _SHORT_GENERATION + mark


def status_of(entry: bytes) -> int:
    """The status that was answered; 0 where the line is broken."""
    start = (
        len(entry) - _SHORT_END_SIZE + _SHORT_END.index(b"%")
        if entry.startswith(_SHORT_GENERATION)
        else len(entry) - _END_SIZE + _END.index(b"%")
    )
    digits = entry[start : start + 3].strip()
    return int(digits) if digits.isdigit() else 0


def head_of(entry: bytes) -> dict[str, Any] | None:
    """The facts of a line, without the headers and bodies in it: what verdicts are made of.

    Those at their default may be left out. None for what is left of a broken line.
    """
    is_short = entry.startswith(_SHORT_GENERATION)
    if not is_short:
        long_part = entry.find(_LONG_PART)
        entry = entry[:long_part] + entry[-_END_SIZE:]
    try:
        facts: dict[str, Any] = parse(entry)
    except ValueError:
        return None
    return {_LONG.get(name, name): value for name, value in facts.items()} if is_short else facts


def shown(entry: bytes, session: str) -> bytes | None:
    """A line as readers get it.

    None for what is left of one whose writer was killed, or whose disk was full.
    """
    try:
        value = parse(entry)
    except ValueError:
        return None
    if not entry.startswith(_SHORT_GENERATION):
        return entry[:-_END_SIZE] + entry[-_END_SIZE:].replace(b" ", b"")
    facts = {_LONG.get(name, name): inner for name, inner in value.items()}
    first = {"generation": facts["generation"], "session": session}
    return ascii_json({**first, **_DEFAULTS, **_DROPPED, **facts})
