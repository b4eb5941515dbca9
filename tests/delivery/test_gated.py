"""Where in an answer its gate stands."""

from __future__ import annotations

import pytest

from llmsim.delivery import Leaving
from llmsim.delivery.gated import gated
from llmsim.part import Part
from llmsim.script import Gate

# A stream: an event that opens it, three chunks, an event between them, one that closes it.
STREAM = [Part(b"o"), *(Part(data, content=True) for data in (b"1", b"2")), Part(b"-")]
STREAM += [Part(b"3", content=True), Part(b"c")]


@pytest.mark.parametrize(
    ("after", "held"), [(None, "o"), (0, "1"), (1, "2"), (2, "-"), (3, "c"), (4, "")]
)
def test_the_gate_stands_behind_so_many_chunks_or_before_all(after: int | None, held: str) -> None:
    parts = list(gated(STREAM, after))
    assert [part.data.decode() for part in parts if part.gate] == [*held]
    assert [part._replace(gate=False) for part in parts] == STREAM


def test_what_stands_before_the_gate_leaves_before_it() -> None:
    writes = list(Leaving(STREAM, None, None, Gate("g", after_chunks=2)).writes())
    assert [(write.data, write.gate) for write in writes] == [(b"o12", False), (b"-3c", True)]


def test_without_a_gate_all_leaves_together() -> None:
    assert [write.data for write in Leaving(STREAM, None, None).writes()] == [b"o12-3c"]
