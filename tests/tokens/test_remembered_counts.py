"""A text is counted once in a process, however long it is and whoever asks."""

from __future__ import annotations

import os
import random
import string
import subprocess
import sys
import threading

import pytest

from llmsim import tokens
from llmsim.tokens import count, encoder
from llmsim.tokens.counts import Counts

SHORT, LONG = "Hello there, " * 20, "Hello there, " * 20_000


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of what is encoded from now on; nothing is remembered yet."""
    lengths: list[int] = []
    ready = encoder._ready

    def watched(text: str) -> object:
        lengths.append(len(text))
        return ready(text)

    monkeypatch.setattr(tokens, "_counts", Counts())
    monkeypatch.setattr(encoder, "_ready", watched)
    return lengths


@pytest.mark.parametrize("text", [SHORT, LONG], ids=["short", "long"])
def test_a_text_is_counted_once(text: str, encoded: list[int]) -> None:
    first = count(text)
    assert sum(encoded) == len(text)
    assert [count(f"{text[:-1]}{text[-1]}") for _ in range(5)] == [first] * 5
    assert sum(encoded) == len(text)


def test_a_long_text_is_counted_once_also_by_threads_at_the_same_time(encoded: list[int]) -> None:
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(count(LONG))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(encoded) == len(LONG)
    assert len(set(found)) == 1
    assert len(found) == 4


def test_greenlets_run_while_a_long_text_is_counted_and_wait_for_its_count() -> None:
    """In a process that patches as gunicorn's gevent worker does: after all was imported."""
    program = """
from llmsim import tokens
tokens.load()
import gevent.monkey
gevent.monkey.patch_all()
import gevent
text, seen = "a" * 400_000, []
def ask(): seen.append(tokens.count(text))
def other():
    while len(seen) < 2:
        seen_before.append(len(seen))
        gevent.sleep(0)
seen_before = []
gevent.joinall([gevent.spawn(ask), gevent.spawn(ask), gevent.spawn(other)], timeout=60)
print(seen, seen_before.count(0) > 10)
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert run.stdout.strip() == "[50000, 50000] True"


def test_a_forked_process_counts_as_its_parent_does() -> None:
    text = LONG + "fork"
    here = count(text)
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.write(write, f"{count(text)} {count(f'{LONG} and more')}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(read, 100).decode() == f"{here} {count(f'{LONG} and more')}"


def test_what_is_remembered_is_bounded_in_texts() -> None:
    counts = Counts(most_texts=100)
    for number in range(1000):
        counts.put(str(number), number)
    held = [number for number in range(1000) if counts.get(str(number)) is not None]
    assert held[-1] == 999
    assert 50 <= len(held) <= 100


def test_what_is_remembered_is_bounded_in_bytes() -> None:
    counts = Counts(most_bytes=1_000_000)
    for number in range(1000):
        counts.put(f"{number:>10000}", number)
    held = [number for number in range(1000) if counts.get(f"{number:>10000}") is not None]
    assert held[-1] == 999
    assert 40 <= len(held) <= 100


def test_bytes_are_counted_not_characters() -> None:
    counts = Counts(most_bytes=1_000_000)
    for number in range(100):
        counts.put(f"{number:🙂>10000}", number)
    assert sum(counts.get(f"{number:🙂>10000}") is not None for number in range(100)) <= 25


def test_a_text_beyond_half_of_the_room_is_not_held() -> None:
    counts = Counts(most_bytes=1000)
    assert counts.put("a" * 501, 7) == 7
    assert counts.get("a" * 501) is None


def test_what_is_asked_for_again_and_again_stays() -> None:
    counts = Counts(most_texts=100, most_bytes=1_000_000)
    counts.put("the system prompt", 3)
    for number in range(10_000):
        assert counts.get("the system prompt") == 3
        counts.put(str(number), number)


def test_the_tokenizer_forgets_the_long_words_that_it_has_met(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(encoder, "_read", 0)
    monkeypatch.setattr(encoder, "_FORGET_AFTER", 1_000_000)
    encoder.load().clear_cache()
    chance = random.Random(1)
    lengths = []
    for _ in range(300):
        words = ("".join(chance.choices(string.ascii_letters, k=1000)) for _ in range(10))
        encoder.encode(" ".join(words))
        lengths.append(encoder.load().cache_len)
    assert max(lengths) <= 1100
    assert min(lengths[150:]) < 100
