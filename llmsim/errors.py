"""Every error that llmsim raises on purpose.

Each class carries the data of what went wrong and renders it as one sentence (`str(error)`); where
an HTTP answer can come of it, its status sits with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class LlmsimError(Exception):
    """The root: catch this to catch everything that llmsim raises on purpose."""


# Scripts

MOST_PROBLEMS = 100  # that an error lists; a generated script may repeat one in every turn


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a script.

    `line` and `column` count from 1; both are 0 where the script did not come from a text. `path`
    is the JSON path (`$.turns[2].kind`).
    """

    message: str
    path: str = "$"
    line: int = 0
    column: int = 0

    def at(self, source: str) -> str:
        """The problem as one line: `source:line:column: path: message`."""
        place = f"{source}:{self.line}:{self.column}" if self.line else source
        return f"{place}: {self.path}: {self.message}"


class ScriptError(LlmsimError):
    """A script cannot be used; `source` names the file (or says where else it came from).

    `problems` are the first ones, `MOST_PROBLEMS` at most; `found` is how many there are.
    """

    def __init__(self, source: str, problems: Sequence[Problem], found: int = 0) -> None:
        self.source = source
        self.problems = tuple(problems[:MOST_PROBLEMS])
        self.found = max(found, len(problems))
        super().__init__(source, self.problems, self.found)

    def __str__(self) -> str:
        lines = [problem.at(self.source) for problem in self.problems]
        if self.found > len(lines):
            lines.append(
                f"{self.source}: {self.found:,} problems in all; the first {len(lines)} are listed"
            )
        return "\n".join(lines)


class ScriptReadError(ScriptError):
    """The file cannot be read: missing, a directory, no permission, too large."""

    def __init__(self, source: str, reason: str) -> None:
        self.reason = reason
        super().__init__(source, [Problem(reason)])

    def __str__(self) -> str:
        return f"{self.source}: cannot read the script: {self.reason}"


class ScriptParseError(ScriptError):
    """The text is not JSON as RFC 8259 has it: syntax, encoding, NaN, a duplicate key, too deep."""


class ScriptInvalidError(ScriptError):
    """The JSON is well-formed and no script; `problems` holds all that is wrong with it."""


class ScriptEmptyError(ScriptInvalidError):
    """The script holds no turn."""


class ScriptExhaustedError(LlmsimError):
    """A `Player` was asked for more turns than its script has.

    Its `on_exhausted` is `error`.
    """

    def __init__(self, turns: int) -> None:
        self.turns = turns
        super().__init__(turns)

    def __str__(self) -> str:
        return exhausted_message(self.turns)


def exhausted_message(turns: int, track: str | None = None) -> str:
    """The sentence that says so, for the Python API and for HTTP."""
    what = f"track {track!r}" if track else "script"
    served = "its only turn was served" if turns == 1 else f"all {turns} turns were served"
    return f"The {what} is exhausted: {served} and its on_exhausted is 'error'."


# Start-up


class StartupError(LlmsimError):
    """The server cannot start; the message is complete and no traceback helps."""


class SettingsError(StartupError):
    """Settings are wrong; `problems` holds one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(self.problems)


# Requests


class RequestError(LlmsimError):
    """A request was refused before it took a turn.

    `param` is the path of the field at fault (`messages[0].role`), `code` the OpenAI error code,
    `status` the HTTP status.
    """

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        self.message = message
        self.param = param
        self.code = code
        self.status = status
        super().__init__(message)


# The store


class StoreError(LlmsimError):
    """The store did not do what it was asked. Answered as `status`.

    `retry_after` is in how many seconds it may do so, None where that cannot be said.
    """

    status = 503
    retry_after: int | None = None


class StateLostError(StoreError):
    """The state directory or a file in it is gone, foreign or damaged."""


class MovedError(LlmsimError):
    """The session is no longer as it was seen: what was decided for it has to be decided again."""


class LimitedError(LlmsimError):
    """A limit does not let the claim through; it took nothing.

    `used` says of each of its limits how much is used up, in microseconds.
    """

    def __init__(self, used: tuple[int, ...]) -> None:
        self.used = used
        super().__init__(used)


class StoreBusyError(StoreError):
    """Somebody holds the store's lock and does not let go; `seconds` is how long it was tried."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(seconds)

    def __str__(self) -> str:
        return (
            f"The lock of the state directory was held by another process for {self.seconds:g} s "
            "(the setting store.lock_timeout): that process is probably stopped or frozen. "
            "Nothing was consumed; service resumes when it goes on or ends."
        )


class StoreUnreachableError(StoreError):
    """The server at `name` that keeps the state did not answer; `reason` says how.

    What it was asked may have been done. It is not asked again.
    """

    retry_after = 1

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(name, reason)

    def __str__(self) -> str:
        reason = self.reason.rstrip(".")
        return (
            f"Redis at {self.name} does not answer ({reason}). No turn comes twice; service "
            "resumes when it answers again."
        )


class StoreFullError(StoreError):
    """There is no room for another session."""

    def __init__(self, room: int) -> None:
        self.room = room
        super().__init__(room)

    def __str__(self) -> str:
        return f"There are {self.room} sessions, and no room for another: {_MAKE_ROOM}"


class TracksFullError(StoreError):
    """There is no room for the place of another track of a session."""

    def __str__(self) -> str:
        return f"There is no room for the place of another track of a session: {_MAKE_ROOM}"


_MAKE_ROOM = (
    "delete some sessions with DELETE /llmsim/sessions/<name>, or raise the setting "
    "store.max_sessions (LLMSIM_MAX_SESSIONS)."
)
