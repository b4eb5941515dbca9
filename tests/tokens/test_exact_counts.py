"""Counts are those of tiktoken's `cl100k_base`, whatever the text and however long."""

from __future__ import annotations

import random

import pytest

from llmsim.tokens import count, encoder, pieces, windows
from llmsim.tokens.windows import LONG, rows
from tests.tokens import texts

SEEDS = range(6)
# Where a long word has no place to be parted, it is encoded as a whole: slower, and as exact.
UNPARTED = {
    "blanks of many kinds": " \t\u00a0 \n" * 8_000 + "a",
    "lines after punctuation": "!" + "\n" * 50_000 + "  \nx",
    "a line, then blanks": "\n" + " " * 50_000 + "\n" + " " * 20_000,
    "digits of other scripts": "\u0661\u0662\u0663\u0664\u0665" * 8_000,
}
every_long_text = pytest.mark.parametrize(
    "text", [*texts.LONG.values(), *UNPARTED.values()], ids=[*texts.LONG, *UNPARTED]
)


def joined(text: str) -> list[int]:
    return [token for row in rows(text) for token in row]


@pytest.mark.parametrize("seed", SEEDS)
def test_short_texts_of_all_kinds(seed: int) -> None:
    chance = random.Random(seed)
    for text in [texts.short(chance) for _ in range(500)]:
        assert encoder.encode(text) == texts.expected(text), ascii(text)
        assert encoder.length(text) == len(texts.expected(text)), ascii(text)


def test_the_names_of_special_tokens_are_text() -> None:
    special = encoder.load().special_tokens()
    assert len(special) > 5
    for name in special:
        assert count(f"a {name} b") == len(texts.expected(f"a {name} b")), name


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_long_texts_of_mixed_kinds(seed: int) -> None:
    chance = random.Random(seed)
    for text in [texts.long(chance) for _ in range(3)]:
        assert joined(text) == texts.expected(text), seed


@pytest.mark.slow
@pytest.mark.parametrize("window", [100, 300, 1000])
@pytest.mark.parametrize("seed", SEEDS)
def test_windows_of_any_length(window: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "_WINDOW", window)
    monkeypatch.setattr(windows, "LONG", 2 * window)
    chance = random.Random(seed)
    for text in [texts.long(chance, 6 * window) for _ in range(20_000 // window)]:
        assert joined(text) == texts.expected(text), ascii(text)


@every_long_text
def test_long_texts_of_one_kind(text: str) -> None:
    assert joined(text) == texts.expected(text)
    assert count(text) == len(texts.expected(text))


@every_long_text
def test_pieces_join_to_the_text_and_none_is_empty(text: str) -> None:
    cut = list(pieces(text))
    assert "".join(cut) == text
    assert all(cut)


@pytest.mark.parametrize("kind", ["a", "letters", "prose", "base64", "blanks", "digits"])
def test_there_are_as_many_pieces_as_tokens(kind: str) -> None:
    assert len(list(pieces(texts.LONG[kind]))) == count(texts.LONG[kind])


@pytest.mark.parametrize("text", texts.LONG.values(), ids=texts.LONG)
def test_no_slice_is_long(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer, lengths = encoder.load(), []

    class Watched:
        def encode_ordinary(self, part: str) -> list[int]:
            lengths.append(len(part))
            return tokenizer.encode_ordinary(part)

        def __getattr__(self, name: str) -> object:
            return getattr(tokenizer, name)

    monkeypatch.setattr(encoder, "load", Watched)
    for _ in rows(text):
        pass
    assert max(lengths) <= LONG


@pytest.mark.parametrize("text", ["a\ud83d", "\udc00" * 3 + " b", "a\ud83d" * 20_000])
def test_a_lone_surrogate_counts_as_in_tiktoken_and_stays_in_the_pieces(text: str) -> None:
    assert count(text) == len(texts.expected(text))
    assert "".join(pieces(text)) == text
