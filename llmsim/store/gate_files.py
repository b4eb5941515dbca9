"""The gates of sessions, and of all sessions: a file for each of these, in a directory.

A file is replaced as a whole, under a lock of its own: a claim waits for no gate. To read it takes
no lock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from llmsim.errors import StateLostError
from llmsim.json_text import ascii_json, parse
from llmsim.store.gates import Gate, GateKey, Gates, GateState, Waiter
from llmsim.store.locked_file import locked_file
from llmsim.store.locked_table import LockedTable
from llmsim.store.session_files import file_of
from llmsim.store.state_dir import open_private

_REMEMBERED = 1000  # files
_NOTHING: dict[str, Any] = {"generation": None, "gates": {}}


class GateFiles(Gates):
    """The gates below a directory. What is of another generation is as if it were not there."""

    def __init__(self, table: LockedTable, directory: Path, timeout: float) -> None:
        self._table = table
        self._timeout = timeout
        self._directory = directory
        self._read: dict[str, tuple[tuple[int, int], dict[str, Any]]] = {}

    def enter(self, key: GateKey, who: Waiter, count: int | None) -> int | None:
        """See `Gates.enter`."""
        with self._changing(key) as gate:
            return None if gate is None else gate.enter(who, count)

    def may_pass(self, key: GateKey, ticket: int) -> bool | None:
        """See `Gates.may_pass`. It takes no lock."""
        seen = self._table.unlocked().look(key.session) if key.session else None
        kept = self._gates(key.session, key.generation).get(key.name)
        if kept is None or (seen and seen.generation not in (0, key.generation)):
            return None
        return bool(ticket < kept["released"])

    def leave(self, key: GateKey, ticket: int) -> None:
        """See `Gates.leave`."""
        with self._changing(key) as gate:
            if gate is not None:
                gate.leave(ticket)

    def release(self, key: GateKey, count: int | None) -> GateState | None:
        """See `Gates.release`."""
        with self._changing(key) as gate:
            if gate is None:
                return None
            gate.release(count)
            return gate.state(key.name)

    def close(self, key: GateKey) -> bool:
        """See `Gates.close`."""
        with self._locked(key.session):
            gates = dict(self._gates(key.session, key.generation))
            found = gates.pop(key.name, None)
            if found is not None:
                self._write(key, gates)
        return found is not None

    def all(self, session: str, generation: int) -> list[GateState]:
        """See `Gates.all`."""
        gates = self._gates(session, generation)
        return [Gate(kept).state(name) for name, kept in sorted(gates.items())]

    def delete(self, session: str, generation: int) -> None:
        """Forget the gates of a session's generation, which is over."""
        path = self._path(session)
        if not os.path.exists(path):
            return
        with self._locked(session):
            if self._kept(path)["generation"] == generation:
                for own in (path, self._lock_of(session)):
                    with suppress(OSError):
                        os.unlink(own)

    @contextmanager
    def _changing(self, key: GateKey) -> Iterator[Gate | None]:
        """The gate, to be changed; None where its session is of another generation by now.

        Raises:
            StateLostError: it cannot be written.
            StoreBusyError: another process does not let go of the lock.
        """
        with self._locked(key.session):
            if not self._is_there(key):
                yield None
                return
            gates = self._gates(key.session, key.generation)
            gate = Gate(_copied(gates.get(key.name)))
            yield gate
            self._write(key, {**gates, key.name: gate.kept})

    @contextmanager
    def _locked(self, session: str) -> Iterator[None]:
        try:
            with locked_file(self._lock_of(session), self._timeout):
                yield
        except OSError as error:
            raise self._lost(error) from error

    def _lock_of(self, session: str) -> str:
        return f"{self._path(session)}.lock"

    def _is_there(self, key: GateKey) -> bool:
        """Whether the session of a gate is still of its generation."""
        if not key.session:
            return True
        with self._table.locked() as table:
            found = table.session(key.session)
        return found is not None and found.generation == key.generation

    def _gates(self, session: str, generation: int) -> dict[str, Any]:
        kept = self._kept(self._path(session))
        gates: dict[str, Any] = kept["gates"] if kept["generation"] == generation else {}
        return gates

    def _kept(self, path: str) -> dict[str, Any]:
        """What a file holds, which is only read where it was changed."""
        try:
            status = os.stat(path)
            known = self._read.get(path)
            if known is None or known[0] != (status.st_ino, status.st_mtime_ns):
                with open_private(path, os.O_RDONLY) as file:
                    self._remember(path, os.stat(file.fileno()), parse(file.read()))
                known = self._read[path]
        except OSError:  # there is none, or no longer
            return _NOTHING
        return known[1]

    def _write(self, key: GateKey, gates: dict[str, Any]) -> None:
        content = {"generation": key.generation, "gates": gates}
        path = self._path(key.session)
        new = f"{path}.new"
        try:
            with open_private(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY) as file:
                file.write(ascii_json(content))
            os.replace(new, path)
            self._remember(path, os.stat(path), content)
        except OSError as error:
            raise self._lost(error) from error

    def _remember(self, path: str, status: os.stat_result, content: dict[str, Any]) -> None:
        if len(self._read) >= _REMEMBERED:
            self._read.clear()
        self._read[path] = (status.st_ino, status.st_mtime_ns), content

    def _lost(self, error: OSError) -> StateLostError:
        return StateLostError(
            f"A gate cannot be written into the state directory {self._directory}: "
            f"{error.strerror}."
        )

    def _path(self, session: str) -> str:
        return file_of(self._directory, "gates", session, "json")


def _copied(kept: dict[str, Any] | None) -> dict[str, Any] | None:
    """A gate to change: others of this process read the one that is remembered."""
    return None if kept is None else {**kept, "waiting": dict(kept["waiting"])}
