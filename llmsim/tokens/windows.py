"""The tokens of a long text, a window at a time, and the same as those of the whole.

`cl100k_base` first splits a text into words by a pattern, and then merges the bytes of each word.
So a text may be cut where a word ends whatever follows (`_CUT`), and a long word as `long_words`
says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmsim.tokens.encoder import encode
from llmsim.tokens.long_words import part_of_a_word

_WINDOW = 8192  # characters
LONG = 2 * _WINDOW  # the longest text that is encoded in one go

# What counts as a letter hangs on Unicode's version, so what ends a word is listed: blanks,
# punctuation of ASCII and of Chinese, marks of Latin and of Thai.
_ENDS = (
    r"\s!-/:-@\[-`{-~\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f"
    r"\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e"
)
# Before a blank; after a line's end; between a letter and a digit; after a letter or a digit.
_CUT = re.compile(rf"\S(?=[ \t])|\n(?=\S)|[A-Za-z](?=[0-9])|[^\W_](?=[{_ENDS}])")


def rows(text: str) -> Iterator[list[int]]:
    """The tokens of `text`, in rows that each take a few milliseconds.

    Raises:
        UnicodeEncodeError: it holds a lone surrogate.
    """
    start = 0
    while len(text) - start > LONG:
        cut = _CUT.search(text, start + _WINDOW, start + LONG)
        if cut:
            yield encode(text[start : cut.end()])
            start = cut.end()
        else:
            tokens, start = part_of_a_word(text, start, LONG)
            yield tokens
    yield encode(text[start:])
