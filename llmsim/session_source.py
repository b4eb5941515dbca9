"""Where a request may name its session beside URL, header and key: a setting's words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

HEADER: Final = "header"
BODY: Final = "body"
KEY: Final = "key"

_EXPECTED = "expected header:<name>, body:<path> or key"
_HEADER_NAME = re.compile("[A-Za-z0-9-]+")


class Source(NamedTuple):
    """One place: `kind` is `header`, `body` or `key`.

    `path` is the header's name in lower case, or the keys that lead to the value in the body.
    """

    kind: str
    path: tuple[str, ...] = ()


@lru_cache
def sources_of(words: tuple[str, ...]) -> tuple[Source, ...]:
    """The sources that the words of the setting name, in their order.

    Raises:
        ValueError: a word names none; the text says what was expected.
    """
    return tuple(map(_source, words))


def wrong_sources(words: Sequence[str]) -> str | None:
    """What is wrong with the words, or None."""
    try:
        sources_of(tuple(words))
    except ValueError as error:
        return str(error)
    return None


def _source(word: str) -> Source:
    kind, _, name = word.partition(":")
    if word == KEY:
        return Source(KEY)
    if kind == HEADER and _HEADER_NAME.fullmatch(name):
        return Source(HEADER, (name.lower(),))
    path = tuple(name.split("."))
    if kind == BODY and all(path):
        return Source(BODY, path)
    raise ValueError(f"{_EXPECTED}, got {word!r}")
