"""`lorem`: sentences of an exact length in tokens."""

from __future__ import annotations

import random

import pytest

from llmsim.conversation import Request
from llmsim.reply import Reply
from llmsim.script import Lorem, Script, Usage
from llmsim.script.turns.lorem import MAX_TOKENS, WORDS
from llmsim.tokens import count
from llmsim.usage import usage_of
from tests.each import for_each

SILENCE = Request()


def reply(turn: Lorem) -> Reply:
    played = turn.play("0", SILENCE)
    assert isinstance(played, Reply)
    return played


def text(turn: Lorem) -> str:
    found = reply(turn).text
    assert found is not None
    return found


@for_each("word", WORDS)
def test_a_word_is_one_token_wherever_it_stands(word: str) -> None:
    assert count(word) == count(f" {word}") == 1
    assert count(f"{word}.") == count(f". {word}") == 2


def test_any_two_words_are_two_tokens() -> None:
    assert [(one, other) for one in WORDS for other in WORDS if count(f"{one} {other}") != 2] == []


def test_no_word_stands_twice_in_the_list() -> None:
    assert len(set(WORDS)) == len(WORDS)


@pytest.mark.parametrize("seed", [0, 1, -1, 7, 2**70])
def test_every_length_up_to_three_hundred_is_exact(seed: int) -> None:
    assert [length for length in range(1, 301) if count(text(Lorem(length, seed))) != length] == []


@pytest.mark.parametrize("length", [random.Random(at).randrange(300, 25_000) for at in range(12)])
def test_greater_lengths_are_exact(length: int) -> None:
    assert count(text(Lorem(length, length))) == length


@pytest.mark.parametrize("length", [40_000, MAX_TOKENS])
def test_the_usage_is_exact_also_of_the_longest(length: int) -> None:
    assert usage_of(SILENCE.conversation, reply(Lorem(length))).completion == length


def test_the_usage_counts_the_reasoning_too() -> None:
    usage = usage_of(SILENCE.conversation, reply(Lorem(20, reasoning="so it is")))
    assert (usage.completion, usage.reasoning) == (23, 3)
    empty = usage_of(SILENCE.conversation, reply(Lorem(20, reasoning="")))
    assert (empty.completion, empty.reasoning) == (20, 0)


def test_a_usage_of_the_scripts_own_wins() -> None:
    given = usage_of(
        SILENCE.conversation, reply(Lorem(20, usage=Usage(prompt_tokens=5, completion_tokens=6)))
    )
    assert (given.prompt, given.completion) == (5, 6)
    half = usage_of(
        SILENCE.conversation, reply(Lorem(20, usage=Usage(prompt_tokens=5, cached_tokens=4)))
    )
    assert (half.prompt, half.completion, half.cached) == (5, 20, 4)


def test_the_same_seed_gives_the_same_text_everywhere_and_always() -> None:
    script = Script([Lorem(30, 7)], "loop")
    assert script.play(0, SILENCE) == script.play(9, SILENCE) == Lorem(30, 7).play("0", SILENCE)
    assert (
        text(Lorem(12)) == "for at by in with the is to at we with."
    )  # on every machine and version of Python


def test_other_seeds_give_other_texts() -> None:
    seeds = [*range(-20, 21), 2**70, -(2**70)]
    assert len({text(Lorem(30, seed)) for seed in seeds}) == len(seeds)


def test_a_longer_text_begins_as_a_shorter_one() -> None:
    assert text(Lorem(100)).startswith(text(Lorem(37)))


def test_sentences_end_with_a_full_stop_and_are_plain_ascii() -> None:
    said = text(Lorem(36))
    assert said.count(".") == 3
    assert said.endswith(".")
    assert said.isascii()
    assert not said.startswith(" ")
    assert "  " not in said
