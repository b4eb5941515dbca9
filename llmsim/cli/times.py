"""When an answer would leave, in words."""

from __future__ import annotations

from collections.abc import Iterable

from llmsim.delivery import Leaving
from llmsim.part import CLOSE


def timed(body: Iterable[bytes]) -> tuple[Iterable[bytes], list[str]]:
    """The parts of a body, and what there is to say of their times and of what goes wrong."""
    if not isinstance(body, Leaving):
        return body, []
    writes = list(body.writes())
    end = writes[-1]
    said = [f"fault {body.fault}"] if body.fault else []
    if end.at:
        first = next(write.at for write in writes if write.content or write is end)
        said += [f"first content after {_ms(first)}", f"end after {_ms(end.at)}"]
    if end.then:
        said.append(f"then the connection is {'closed' if end.then == CLOSE else 'reset'}")
    return [write.data for write in writes if write.data], said


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"
