"""Why a text is no JSON, in words that say how to mend it, at the place to mend.

Python's own words differ by its version, and name what was expected rather than what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

FORM = 'a script is an object: {"turns": [...]}'
_EMPTY = f"it is empty; {FORM}"
_YAML = 'it looks like YAML; a script is JSON: {"turns": [...]}'
_COMMENT = "JSON has no comments; remove it, or use the key 'comment' of a turn"
_QUOTES = 'keys and texts stand in double quotes (")'
_INNER_QUOTE = r"the text has ended before this; write \" for a quote inside a text"
_BACKSLASH = r"after a backslash stands one of \"\/bfnrtu; write \\ for a backslash"

_LOOKS_LIKE_YAML = re.compile(r"(?:\s*#.*\n)*\s*(?:---|- |[A-Za-z_$][\w$]*:(?:\s|\Z))")
_OTHER_QUOTES = "'`\u201c\u201d\u2018\u2019"
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
_WORDS = {"true": "true", "false": "false", "none": "null", "null": "null", "undefined": "null"}
_CONTROLS = {
    "\n": r"a line break inside a text; write \n, or close the text with a quote",
    "\r": r"a line break inside a text; write \n, or close the text with a quote",
    "\t": r"a tab inside a text; write \t",
}
_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}


def repair(text: str, error: json.JSONDecodeError) -> tuple[str, int]:
    """What is wrong with `text`, in which `json` found that error, and the offset of it."""
    at = error.pos
    if not text.strip():
        return _EMPTY, at
    if not text[:at].strip() and _LOOKS_LIKE_YAML.match(text):
        return _YAML, at
    if error.msg.startswith("Illegal trailing comma"):  # from Python 3.13 on, and at the comma
        return _spare_comma(_next(text, at + 1)), at
    before = len(text[max(0, at - 10_000) : at].rstrip()) - min(at, 10_000) + at - 1
    if text[before : before + 1] == "," and text[at : at + 1] in {"]", "}"}:
        return _spare_comma(text[at]), before
    return (_in_text(text, at, error.msg) or _by_what_stands_there(text, at, error.msg)), at


def _spare_comma(closing: str) -> str:
    return f"a comma stands before {closing!r}; remove it"


def _next(text: str, at: int) -> str:
    return text[at : at + 10_000].lstrip()[:1]


def _in_text(text: str, at: int, said: str) -> str | None:
    """What is wrong inside a text, if the error is there."""
    if said.startswith("Invalid control character"):
        unprintable = f"a control character inside a text; write \\u{ord(text[at]):04x}"
        return _CONTROLS.get(text[at], unprintable)
    if said.startswith("Unterminated string"):
        return "the text that begins here has no closing quote"
    if said.startswith(r"Invalid \uXXXX"):
        return r"\u is followed by four hex digits, as in \u00e9"
    return _BACKSLASH if said.startswith(r"Invalid \escape") else None


def _by_what_stands_there(text: str, at: int, said: str) -> str:
    if at >= len(text):
        return f"it ends too early: {''.join(_unclosed(text))!r} is missing at the end"
    if text.startswith(("//", "/*", "#"), at):
        return _COMMENT
    if text[at] in _OTHER_QUOTES:
        return _QUOTES
    if found := _WORD.match(text, at):
        return _about_word(text, at, found[0], said)
    return _about_mark(text[at], said)


def _about_word(text: str, at: int, word: str, said: str) -> str:
    """A word without quotes where none may stand."""
    if word.lower() in _WORDS and "property name" not in said and "delimiter" not in said:
        return f"write {_WORDS[word.lower()]}, not {word}"
    if text[at - 1 : at] == '"':
        return _INNER_QUOTE
    return _missing(said) or f'{_QUOTES}: "{word}"'


def _about_mark(mark: str, said: str) -> str:
    if mark in "]}" and "',' delimiter" in said:
        other = "]" if mark == "}" else "}"
        return f"{mark!r} stands where {other!r} or a comma is expected"
    if mark in ",]}" and said == "Expecting value":
        return f"a value is missing before {mark!r}"
    if said == "Extra data":
        return "the script has ended before this; remove what follows"
    return _missing(said) or said


def _missing(said: str) -> str | None:
    if "',' delimiter" in said:
        return "a comma is missing before this"
    return "a colon is missing before this" if "':' delimiter" in said else None


def _unclosed(text: str) -> Iterable[str]:
    """The marks that would close what is open at the end, the innermost first."""
    opened: list[str] = []
    for found in _MARK.finditer(text):
        if found[0] in _CLOSING:
            opened.append(_CLOSING[found[0]])
        elif found[0] in {"]", "}"} and opened:
            opened.pop()
    return reversed(opened)
