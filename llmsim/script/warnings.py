"""What a script may do and its author probably does not mean."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from llmsim.errors import Problem
from llmsim.json_text import type_name
from llmsim.script.turns import Call, Turn


def warnings(turns: Sequence[Turn], on_exhausted: str) -> Iterator[Problem]:
    """Call ids that go out twice, and arguments that were encoded twice.

    In the order of the script. Clients skip a call whose id they have seen.
    """
    first_use: dict[str, str] = {}
    for index, turn in enumerate(turns):
        repeats = on_exhausted == "loop" or (
            on_exhausted == "repeat_last" and index == len(turns) - 1
        )
        calls: Sequence[Call] = getattr(turn, "calls", ())
        for number, call in enumerate(calls):
            path = f"$.turns[{index}].calls[{number}]"
            yield from _encoded_twice(call, path)
            if call.id is None:
                continue
            if call.id in first_use:
                yield Problem(
                    f"the call id {call.id!r} is also that of {first_use[call.id]}", f"{path}.id"
                )
            elif repeats:
                yield Problem(
                    (
                        f"the call id {call.id!r} goes out again whenever the turn does: "
                        f"on_exhausted is {on_exhausted!r}"
                    ),
                    f"{path}.id",
                )
            first_use.setdefault(call.id, path)


def _encoded_twice(call: Call, path: str) -> Iterator[Problem]:
    if not isinstance(call.arguments, str) or call.arguments.lstrip()[:1] not in {"{", "["}:
        return
    try:
        inner = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return
    yield Problem(
        (
            f"the arguments are a string that holds {type_name(inner)} as JSON; write "
            f"{type_name(inner)}, without the quotes"
        ),
        f"{path}.arguments",
    )
