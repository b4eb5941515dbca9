"""A script played without a server."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from llmsim.errors import ScriptExhaustedError
from llmsim.script import Assistant, Player, Script
from tests.narrowing import of_type

THREE = [Assistant("a"), Assistant("b"), Assistant("c")]


@pytest.mark.parametrize(("on_exhausted", "texts"), [("repeat_last", "abcccc"), ("loop", "abcabc")])
def test_turns_come_in_order(on_exhausted: str, texts: str) -> None:
    player = Player(Script(THREE, on_exhausted))
    assert "".join(of_type(Assistant, player.next_turn()).text for _ in range(6)) == texts
    assert player.cursor == 6


def test_the_cursor_is_the_next_position() -> None:
    player = Player(Script(THREE))
    assert player.cursor == 0
    player.next_turn()
    assert player.cursor == 1


def test_an_exhausted_player_raises_and_stays() -> None:
    player = Player(Script(THREE, "error"))
    for _ in THREE:
        player.next_turn()
    for _ in range(2):
        with pytest.raises(ScriptExhaustedError, match="all 3 turns were served"):
            player.next_turn()
    assert player.cursor == 3


class Yielding(Script):
    """Lets other threads in between the look at the cursor and its move."""

    def index(self, position: int) -> int | None:
        time.sleep(0)
        return super().index(position)


def test_threads_get_each_turn_once() -> None:
    turns = [Assistant(str(number)) for number in range(4_000)]
    player = Player(Yielding(turns, "error"))

    def take(_: int) -> list[str]:
        return [of_type(Assistant, player.next_turn()).text for _ in range(500)]

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(8)))
    assert sorted(int(text) for texts in taken for text in texts) == list(range(4_000))
    assert all(texts == sorted(texts, key=int) for texts in taken)
    with pytest.raises(ScriptExhaustedError):
        player.next_turn()
