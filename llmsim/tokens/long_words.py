"""Where a long word may be parted: a megabyte of "a", of Chinese, of blanks or of "=".

A row of tokens is what merging makes of a word's bytes exactly if each two neighbours are what it
makes of theirs. So a word may be parted between two tokens that stay the same two when they stand
alone; the first part then needs no look at the rest.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from llmsim.tokens.encoder import encode, token_bytes

_TRIES = 32  # tokens from the end of a part: more than the end of a part disturbs
_AROUND = 32  # characters on each side that must be of one kind
_GROUP = 8  # tokens that may share a code point, and some more
_MARKS = {"P", "S", "M"}  # Unicode's categories of punctuation, symbols and marks


def part_of_a_word(text: str, start: int, length: int) -> tuple[list[int], int]:
    """The tokens from `start` to somewhere near `start + length`, and where that is.

    Where there is no such place, say among blanks of many kinds, the part grows.
    """
    while start + length < len(text):
        tokens = encode(text[start : start + length])
        for kept in range(len(tokens) - 1, max(len(tokens) - _TRIES, 0), -1):
            dropped = _text(tokens[kept:])
            if dropped is None:
                continue
            at = start + length - len(dropped)
            rest = text[at : at + length]
            if _within_a_word(text, start, at) and _stay_apart(tokens[:kept], rest):
                return tokens[:kept], at
        length *= 2
    return encode(text[start:]), len(text)


def _within_a_word(text: str, start: int, at: int) -> bool:
    """Whether the characters around `at` are of one kind, which a word holds together."""
    around = text[at - _AROUND : at + _AROUND]
    if around.isspace():
        return _are_one_word(text[start:at])
    if around.isascii() and around.isdigit():
        return True  # each token is a word of three digits
    kinds = {unicodedata.category(character)[0] for character in set(around)}
    return kinds == {"L"} or kinds <= _MARKS


def _are_one_word(part: str) -> bool:
    """Whether the blanks at the end of `part` go on as they began.

    Line ends after punctuation belong to its word, where those after a letter begin one.
    """
    visible = part.rstrip()
    blanks = part[len(visible) :]
    alike = blanks == blanks[0] * len(blanks)
    return alike and (blanks[0] not in "\r\n" or not visible or visible[-1].isalnum())


def _stay_apart(tokens: Sequence[int], rest: str) -> bool:
    """Whether the last of `tokens` and the first of `rest` are what merging makes of both."""
    before = next(filter(_text, (tokens[-size:] for size in range(1, _GROUP))), None)
    following = encode(rest)
    after = next(filter(_text, (following[:size] for size in range(1, _GROUP))), None)
    if before is None or after is None:
        return False
    return encode(f"{_text(before)}{_text(after)}") == [*before, *after]


def _text(tokens: Sequence[int]) -> str | None:
    """What `tokens` stand for, or None where they begin or end within a code point."""
    try:
        return b"".join(map(token_bytes, tokens)).decode()
    except UnicodeDecodeError:
        return None
