"""`Script`: the turns, and what follows the last."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from llmsim.conversation import Request
from llmsim.errors import Problem, ScriptEmptyError, exhausted_message
from llmsim.json_text import compact
from llmsim.reply import Failure, Reply
from llmsim.script import exhausted, warnings
from llmsim.script.conditions import When
from llmsim.script.error_rates import ErrorRates
from llmsim.script.expect import Judged
from llmsim.script.latency import Latency
from llmsim.script.layered import over
from llmsim.script.limits import Limits
from llmsim.script.load import load_spec, load_text
from llmsim.script.order import ALL, HISTORY, a_steps, an_order
from llmsim.script.parse import decode, read_file
from llmsim.script.positions import Path
from llmsim.script.protocol import a_check
from llmsim.script.rules import SOURCE, a_part, a_weight, an_integer, optional, require
from llmsim.script.schema import SCRIPT_SCHEMA
from llmsim.script.track import Track, checked_tracks
from llmsim.script.turn_list import NO_TURN, checked_turns
from llmsim.script.turns import Turn


@dataclass(frozen=True, slots=True)
class Script(Judged):
    """An ordered list of turns; `on_exhausted` is `repeat_last`, `error` or `loop`.

    `order` is `arrival` or `history`, None where the script does not say (then it plays by
    arrival, or as the settings have it). `steps` is `all` or `own`. `protocol` is `report`,
    `refuse` or `off`, None where the script does not say. From `seed` follows all that is
    drawn at random; `errors` says how often requests get an error in the place of a turn, `limits`
    how many may come in a minute.
    `latency` is that of the turns that say none.

    Equal scripts answer alike. `turns` and `tracks` are lists or tuples, and are kept as tuples.
    `turns` are those of the track `main`, and may be empty where there are others. `when` and
    `weight` say in a folder of scripts which requests are the script's.

    Raises:
        ScriptEmptyError: there is no turn.
        ScriptInvalidError: something else than a turn or a track, or an unknown `on_exhausted`.
    """

    turns: Sequence[Turn]
    on_exhausted: str = exhausted.DEFAULT
    order: str | None = None
    steps: str = ALL
    seed: int | None = None
    errors: ErrorRates | None = None
    protocol: str | None = None
    latency: Latency | None = None
    limits: Limits | None = None
    tracks: Sequence[Track] = ()
    when: When | None = None
    weight: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "turns", checked_turns(self.turns))
        require("when", optional(a_part(When))(self.when))
        passing = self.when.passing if self.when else ()
        object.__setattr__(self, "tracks", checked_tracks(self.tracks, self.order, passing))
        if not self.turns and not self.tracks:
            raise ScriptEmptyError(SOURCE, [Problem(NO_TURN, "$.turns")])
        require("weight", optional(a_weight)(self.weight))
        require("on_exhausted", exhausted.an_on_exhausted(self.on_exhausted))
        require("order", optional(an_order)(self.order))
        require("steps", a_steps(self.steps))
        require("seed", optional(an_integer)(self.seed))
        require("errors", optional(a_part(ErrorRates))(self.errors))
        require("protocol", optional(a_check)(self.protocol))
        require("latency", optional(a_part(Latency))(self.latency))
        require("limits", optional(a_part(Limits))(self.limits))
        self.check_judged()

    @classmethod
    def from_file(
        cls,
        path: str | os.PathLike[str],
        max_bytes: int = 100 * 2**20,
        order: str | None = None,
    ) -> Script:
        """Read a JSON file; `order` is that of a script that says none.

        Raises:
            ScriptReadError: the file cannot be read, or holds more than `max_bytes`.
            ScriptParseError: it is not JSON.
            ScriptInvalidError: it is no script; the error holds all that is wrong.
        """
        return cls.from_json(read_file(path, max_bytes), os.fspath(path), order)

    @classmethod
    def from_json(
        cls, text: str | bytes, source: str = "<json>", order: str | None = None
    ) -> Script:
        """Read JSON text, or its bytes in UTF-8; `source` is what errors call it.

        `order` is that of a script that says none.

        Raises:
            ScriptParseError: it is not JSON.
            ScriptInvalidError: it is no script; the error holds all that is wrong.
        """
        text = text.removeprefix("\ufeff") if isinstance(text, str) else decode(text, source)
        return cls(**load_text(text, source, order))

    @classmethod
    def from_spec(cls, spec: dict[str, Any], source: str = "<spec>") -> Script:
        """Read a dictionary of the same form as the JSON.

        Raises:
            ScriptInvalidError: it is no script; the error holds all that is wrong.
        """
        return cls(**load_spec(spec, source))

    def to_spec(self) -> dict[str, Any]:
        """The script as a dictionary for `from_spec`.

        Without comments, and without messages and ids that nobody wrote.
        """
        spec: dict[str, Any] = SCRIPT_SCHEMA.dump(self)
        return spec

    def canonical(self) -> bytes:
        """The script as compact ASCII JSON, a line for each turn.

        The same bytes for equal scripts.
        """
        head = self.to_spec()
        turns = ",\n".join(map(compact, head.pop("turns", ())))
        own = f',"turns":[\n{turns}\n]' if turns else ""
        return f"{compact(head)[:-1]}{own}}}".encode("ascii")

    def with_on_exhausted(self, word: str) -> Script:
        """The same turns, with another end.

        Raises:
            ScriptInvalidError: the word is unknown.
        """
        return replace(self, on_exhausted=word)

    def with_order(self, word: str) -> Script:
        """The same script, where it says no order itself with this one.

        Raises:
            ScriptInvalidError: the word is unknown.
        """
        return self if self.order else replace(self, order=word)

    def with_defaults(self, errors: ErrorRates, limits: Limits) -> Script:
        """The same script with these where it does not say otherwise.

        Raises:
            ScriptInvalidError: the rates of errors add up to more than 1.
        """
        rates = over(self.errors, errors)
        limited = over(self.limits, limits)
        found = rates if rates.total else None, limited if limited.is_set else None
        if found == (self.errors, self.limits):
            return self
        return replace(self, errors=found[0], limits=found[1])

    def with_latency(self, latency: Latency | None, seed: int | None) -> Script:
        """The same script, where it says no latency or no seed itself with these.

        None leaves it as it is.
        """
        if self.latency is not None:
            latency = self.latency.over(latency)
        seed = seed if self.seed is None else self.seed
        if (latency, seed) == (self.latency, self.seed):
            return self
        return replace(self, latency=latency, seed=seed)

    def of_track(self, track: Track) -> Script:
        """The turns of one of its tracks, as a script that plays as the track does."""
        return replace(
            self,
            turns=track.turns,
            tracks=(),
            order=track.order or self.order,
            on_exhausted=track.on_exhausted or self.on_exhausted,
            on_mismatch=track.on_mismatch or self.on_mismatch,
            must_finish=self.must_finish if track.must_finish is None else track.must_finish,
        )

    @property
    def by_history(self) -> bool:
        """Whether the history of a request decides which turn it gets."""
        return self.order == HISTORY

    def index(self, position: int) -> int | None:
        """The index of the turn that answers at `position` (from 0, without bound).

        None where the script is exhausted.
        """
        if position < len(self.turns):
            return position
        if not self.turns:
            return None
        return exhausted.ON_EXHAUSTED[self.on_exhausted](position, len(self.turns))

    def play(self, position: int, request: Request) -> Reply | Failure:
        """The answer to the request that took `position`."""
        index = self.index(position)
        return (
            self.exhausted_failure()
            if index is None
            else self.turns[index].answer(str(position), request)
        )

    def exhausted_failure(self, track: str | None = None) -> Failure:
        """The answer where no turn is left; `track` is whose turns they are, if it has a name."""
        headers = {
            "x-should-retry": "false"
        }  # openai-python obeys it: a retry would only find the script exhausted again
        return Failure(
            500,
            "exhausted",
            exhausted_message(len(self.turns), track),
            code="script_exhausted",
            headers=headers,
        )

    def warnings(self, text: str | None = None) -> tuple[Problem, ...]:
        """What loads and is probably not meant, in the order of the script.

        With the `text` that the script was read from, each has its line and column.
        """
        paths: list[tuple[Path, Script]] = [(("turns",), self)]
        for index, track in enumerate(self.tracks):
            paths.append((("tracks", index, "turns"), self.of_track(track)))
        lines = [
            warnings.Line(path, script.turns, script.on_exhausted, script.by_history)
            for path, script in paths
        ]
        return warnings.problems(lines, self.tracks, text)

    def __len__(self) -> int:
        """The number of turns, those of its tracks included."""
        return len(self.turns) + sum(len(track.turns) for track in self.tracks)
