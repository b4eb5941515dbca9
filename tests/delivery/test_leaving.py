"""Which bytes leave together, and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmsim.delivery import Leaving, Write
from llmsim.part import RESET, Part
from llmsim.sse import MAX_WRITE

OPEN, A, B, END = (Part(b"o"), Part(b"a", content=True), Part(b"b", content=True), Part(b"e"))


def writes(parts: Sequence[Part], waits: Sequence[float] | None = None) -> list[Write]:
    return list(Leaving(parts, None if waits is None else iter(waits), None).writes())


def test_each_piece_of_content_leaves_by_itself_with_what_follows_it() -> None:
    assert writes([OPEN, OPEN, A, OPEN, B, END], [0.5, 0.25]) == [
        Write(0, b"oo"),
        Write(0.5, b"ao", content=True),
        Write(0.75, b"be", content=True),
    ]


def test_what_no_time_lies_between_leaves_together_up_to_the_size_of_a_write() -> None:
    assert writes([OPEN, A, B, END]) == [Write(0, b"oabe", content=True)]
    large = Part(b"x" * (MAX_WRITE - 1))
    assert [len(write.data) for write in writes([large, A, B])] == [MAX_WRITE, 1]


def test_a_pause_comes_before_its_part_and_makes_all_that_follows_later() -> None:
    assert writes([A, B._replace(pause=2), END], [1, 1]) == [
        Write(1, b"a", content=True),
        Write(4, b"be", content=True),
    ]


def test_nothing_follows_a_broken_connection() -> None:
    broken = [OPEN, A, Part(b"", then=RESET), END]
    assert writes(broken, [1]) == [Write(0, b"o"), Write(1, b"a", content=True, then=RESET)]
    assert writes([Part(b"", then=RESET)]) == [Write(0, b"", then=RESET)]


def test_an_answer_without_a_part_has_no_write() -> None:
    assert writes([]) == []


def test_the_bytes_can_be_had_without_their_times() -> None:
    assert list(Leaving([OPEN, A, END], iter([9]), None)) == [b"o", b"ae"]


def test_parts_are_made_as_they_are_asked_for() -> None:
    made: list[Part] = []

    def parts() -> Iterator[Part]:
        for part in (OPEN, A, B, END):
            made.append(part)
            yield part

    rest = Leaving(parts(), iter([1, 1]), None).writes()
    next(rest)
    assert made == [OPEN, A]
