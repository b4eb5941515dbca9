"""Token counts and token-sized pieces of text, by OpenAI's `cl100k_base` table.

Exact at any length. The table comes with an installed package, never from the network.

The figures are the same on every machine, and near enough to every provider's own for a test or a
load figure.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from llmsim.one_at_a_time import let_others_run, one_at_a_time
from llmsim.tokens import encoder
from llmsim.tokens.counts import Counts
from llmsim.tokens.windows import rows

_PIECE = 4  # characters, where a text has no tokens of its own
_AT_ONCE = 50_000  # characters, counted in a millisecond, or in ten where all are one word
_counts = Counts()


def load() -> None:
    """Load the table: 30 MB and 0.1 s, which the next count would take otherwise.

    The server calls this before it forks, so that workers share the pages.
    """
    encoder.load()


def count(text: str) -> int:
    """The number of tokens in `text`. The count of a text is remembered.

    A long text is counted in slices of a few milliseconds, and others run between them.
    """
    found = _counts.get(text)
    if found is not None:
        return found
    if len(text) <= _AT_ONCE:
        return _counts.put(text, encoder.length(_utf8(text)))
    with one_at_a_time("count"):
        found = _counts.get(text)  # the one before us may have counted the same text
        return _counts.put(text, _long_count(_utf8(text))) if found is None else found


def pieces(text: str) -> Iterator[str]:
    """`text` cut into pieces of a token each, which join to exactly `text`.

    Tokens that share a code point are one piece. A text with a lone surrogate is cut by length.
    """
    if _utf8(text) is not text:
        yield from (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for tokens in rows(text):
        for token in tokens:
            if piece := decoder.decode(encoder.token_bytes(token)):
                yield piece


def _long_count(text: str) -> int:
    total = 0
    for tokens in rows(text):
        total += len(tokens)
        let_others_run()
    return total


def _utf8(text: str) -> str:
    """`text`, or where it holds lone surrogates a copy with U+FFFD in their place."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
