"""What a script may do and its author probably does not mean."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from llmsim.errors import Problem
from llmsim.json_text import type_name
from llmsim.made_ids import MADE_CALL
from llmsim.script import positions
from llmsim.script.arguments import VALUE, beside_others
from llmsim.script.faults import BadArguments
from llmsim.script.positions import Path
from llmsim.script.track import Track
from llmsim.script.turns import Call, Turn

Warning_ = tuple[Path, str]

# The count that is a part of the other.
_PARTS = (("cached_tokens", "prompt_tokens"), ("reasoning_tokens", "completion_tokens"))


class Line(NamedTuple):
    """Turns that follow one another, and where in the script they stand."""

    path: Path
    turns: Sequence[Turn]
    on_exhausted: str
    by_history: bool


def problems(
    lines: Sequence[Line], tracks: Sequence[Track], text: str | None = None
) -> tuple[Problem, ...]:
    """The warnings, with their places in the text that the script was read from."""
    first_use: dict[str, Path] = {}
    found = [*_about_tracks(tracks)]
    found += [warning for line in lines for warning in _about_line(line, first_use)]
    if text is None:
        return tuple(Problem(message, positions.json_path(path)) for path, message in found)
    values, lines_ = positions.scan(text, {path for path, _ in found}).values, positions.Lines(text)
    return tuple(
        Problem(message, positions.json_path(path), *lines_.place(values[path]))
        for path, message in found
    )


def _about_tracks(tracks: Sequence[Track]) -> Iterator[Warning_]:
    for index, track in enumerate(tracks):
        for earlier in tracks[:index]:
            if all(condition in track.when.asked for condition in earlier.when.asked):
                yield (
                    ("tracks", index, "when"),
                    f"no request comes here: the track {earlier.name!r} takes all of them before",
                )
                break


def _about_line(line: Line, first_use: dict[str, Path]) -> list[Warning_]:
    found = list(_warnings(line, first_use))
    if line.by_history:
        found += _about_shared_errors(line)
        found.sort(key=lambda warning: warning[0][len(line.path)])  # by turn
    return found


def _warnings(line: Line, first_use: dict[str, Path]) -> Iterator[Warning_]:
    turns, on_exhausted = line.turns, line.on_exhausted
    for index, turn in enumerate(turns):
        path: Path = (*line.path, index)
        yield from _about_counts(getattr(turn, "usage", None), (*path, "usage"))
        calls: Sequence[Call] = getattr(turn, "calls", ())
        if getattr(turn, "finish_reason", None) == "tool_calls" and not calls:
            yield (
                (*path, "finish_reason"),
                "the turn has no calls, and a client that is told of calls waits for them",
            )
        if isinstance(turn.fault, BadArguments) and not calls:
            yield (*path, "fault"), "the turn has no calls whose arguments could be bad"
        again = on_exhausted == "loop" or (
            on_exhausted == "repeat_last" and index == len(turns) - 1
        )
        for number, call in enumerate(calls):
            place = (*path, "calls", number)
            yield from _encoded_twice(call, place)
            yield from _about_values(call, place)
            yield from _about_id(call, place, first_use, on_exhausted if again else None)


def _about_shared_errors(line: Line) -> Iterator[Warning_]:
    """Before a made id comes back, nothing tells two conversations with the same words apart."""
    for index, turn in enumerate(line.turns):
        if any(call.id is None for call in getattr(turn, "calls", ())):
            return
        if not turn.leaves_trace:
            yield (
                (*line.path, index),
                "no call stands before this turn: conversations that begin with the same words "
                "share it, and each gets it once on average; give users words of their own",
            )


def _about_counts(usage: Any, path: Path) -> Iterator[Warning_]:
    for part, whole in _PARTS:
        less, more = getattr(usage, part, None), getattr(usage, whole, None)
        if less is not None and more is not None and less > more:
            yield (*path, part), f"{less} is more than the {more} {whole} that it is a part of"


def _about_id(
    call: Call, path: Path, first_use: dict[str, Path], repeated_by: str | None
) -> Iterator[Warning_]:
    """Clients skip a call whose id they have seen."""
    if call.id is None:
        return
    place, named = (*path, "id"), f"the call id {call.id!r}"
    if call.id.startswith(MADE_CALL):
        yield place, f"{named} may meet one that llmsim makes: those begin with {MADE_CALL!r}"
    if call.id in first_use:
        yield place, f"{named} is also that of {positions.json_path(first_use[call.id])}"
    elif repeated_by:
        yield (
            place,
            f"{named} goes out again whenever the turn does: on_exhausted is {repeated_by!r}",
        )
    first_use.setdefault(call.id, path)


def _about_values(call: Call, path: Path) -> Iterator[Warning_]:
    if VALUE not in call.arguments_json:
        return
    for inner in beside_others(call.arguments):
        yield (
            (*path, "arguments", *inner, VALUE),
            f"{VALUE!r} stands for a value only where it is the one key of its object",
        )


def _encoded_twice(call: Call, path: Path) -> Iterator[Warning_]:
    if not isinstance(call.arguments, str) or call.arguments.lstrip()[:1] not in {"{", "["}:
        return
    try:
        inner = json.loads(call.arguments)
    except (ValueError, RecursionError):
        return
    yield (
        (*path, "arguments"),
        (
            f"the arguments are a string that holds {type_name(inner)} as JSON; write "
            f"{type_name(inner)}, without the quotes"
        ),
    )
