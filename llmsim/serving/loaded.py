"""What the settings name to be played: the script of a file, or the scripts of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmsim.playback import Playback
from llmsim.playback.tracks import lines_of
from llmsim.script import Script


@dataclass(frozen=True, slots=True)
class Loaded:
    """A script, or where that is None a folder of scripts by their names; `path` is its place."""

    path: str
    script: Script | None
    folder: Mapping[str, Script] = field(default_factory=dict)

    def publish(self, playback: Playback) -> bool:
        """Let it be served from now on; false where it is already."""
        if self.script is not None:
            return playback.publish(self.script)
        return playback.publish_files(self.folder)

    @property
    def turns(self) -> int:
        """How many turns there are in all."""
        return sum(map(len, self._named().values()))

    @property
    def lines(self) -> list[dict[str, Any]]:
        """How many turns each line of turns has."""
        return [
            {"script": name, "track": line.name, "turns": len(turns)}
            for name, script in self._named().items()
            for line, turns in lines_of(script)
        ]

    @property
    def size(self) -> str:
        """`1 turn`, `7 turns`, or `3 scripts`."""
        count, what = (len(self.folder), "script") if self.folder else (self.turns, "turn")
        return f"{count} {what}" if count == 1 else f"{count} {what}s"

    @property
    def summary(self) -> str:
        """Its size, and how a script plays or what the scripts are called."""
        if self.script is None:
            return f"{self.size}: {', '.join(self.folder)}"
        by_history = " by history" if self.script.by_history else ""
        return f"{self.size}{by_history}, then {self.script.on_exhausted}"

    def _named(self) -> Mapping[str | None, Script]:
        named: dict[str | None, Script] = {}
        named.update(self.folder)
        return {None: self.script} if self.script is not None else named
