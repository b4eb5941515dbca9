"""The gates of sessions, and of all sessions: a file for each of these, in a directory.

A file is replaced as a whole, by who holds the store's lock; to read it takes no lock.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from llmsim.errors import StateLostError
from llmsim.json_text import ascii_json, parse
from llmsim.store.cursor_table import CursorTable
from llmsim.store.gates import Gate, GateKey, GateState, Waiter
from llmsim.store.locked_table import LockedTable
from llmsim.store.session_files import file_of
from llmsim.store.state_dir import open_private

_REMEMBERED = 1000  # files


class GateFiles:
    """The gates below a directory. What is of another generation is as if it were not there."""

    def __init__(self, table: LockedTable, directory: Path) -> None:
        self._table = table
        self._directory = directory
        self._read: dict[str, tuple[tuple[int, int], dict[str, Any]]] = {}

    def enter(self, key: GateKey, who: Waiter, count: int | None) -> int | None:
        """See `Store.enter`."""
        with self._table.locked() as table:
            if not _is_there(table, key):
                return None
            gate = self._get(key)
            ticket = gate.enter(who, count)
            self._put(key, gate)
        return ticket

    def may_pass(self, key: GateKey, ticket: int) -> bool | None:
        """See `Store.may_pass`. It takes no lock."""
        seen = self._table.unlocked().look(key.session) if key.session else None
        kept = self._gates(key.session, key.generation).get(key.name)
        if kept is None or (seen and seen.generation not in (0, key.generation)):
            return None
        return bool(ticket < kept["released"])

    def leave(self, key: GateKey, ticket: int) -> None:
        """See `Store.leave`."""
        with self._table.locked() as table:
            if _is_there(table, key) and key.name in self._gates(key.session, key.generation):
                gate = self._get(key)
                gate.leave(ticket)
                self._put(key, gate)

    def release(self, key: GateKey, count: int | None) -> GateState | None:
        """See `Store.release`."""
        with self._table.locked() as table:
            if not _is_there(table, key):
                return None
            gate = self._get(key)
            gate.release(count)
            self._put(key, gate)
        return gate.state(key.name)

    def close(self, key: GateKey) -> bool:
        """See `Store.close`."""
        with self._table.locked():
            gates = dict(self._gates(key.session, key.generation))
            found = gates.pop(key.name, None)
            if found is not None:
                self._write(key, gates)
        return found is not None

    def all(self, session: str, generation: int) -> list[GateState]:
        """See `Store.gates`."""
        gates = self._gates(session, generation)
        return [Gate(kept).state(name) for name, kept in sorted(gates.items())]

    def delete(self, session: str) -> None:
        """Forget the gates of a session."""
        with suppress(OSError):
            os.unlink(self._path(session))

    def _get(self, key: GateKey) -> Gate:
        return Gate(self._gates(key.session, key.generation).get(key.name))

    def _put(self, key: GateKey, gate: Gate) -> None:
        gates = self._gates(key.session, key.generation)
        self._write(key, {**gates, key.name: gate.kept()})

    def _gates(self, session: str, generation: int) -> dict[str, Any]:
        path = self._path(session)
        try:
            status = os.stat(path)
        except OSError:
            return {}
        stamp = (status.st_ino, status.st_mtime_ns)
        known = self._read.get(path)
        if known is None or known[0] != stamp:
            try:
                with open_private(path, os.O_RDONLY) as file:
                    known = stamp, parse(file.read())
            except OSError:  # deleted since
                return {}
            if len(self._read) >= _REMEMBERED:
                self._read.clear()
            self._read[path] = known
        found: dict[str, Any] = known[1]
        gates: dict[str, Any] = found["gates"] if found["generation"] == generation else {}
        return gates

    def _write(self, key: GateKey, gates: dict[str, Any]) -> None:
        content = {"generation": key.generation, "gates": gates}
        path = self._path(key.session)
        new = f"{path}.new"
        try:
            with open_private(new, os.O_CREAT | os.O_TRUNC | os.O_WRONLY) as file:
                file.write(ascii_json(content))
            os.replace(new, path)
        except OSError as error:
            raise StateLostError(
                f"A gate cannot be written into the state directory {self._directory}: "
                f"{error.strerror}."
            ) from error

    def _path(self, session: str) -> str:
        return file_of(self._directory, "gates", session, "json")


def _is_there(table: CursorTable, key: GateKey) -> bool:
    """Whether the session of a gate is still of its generation."""
    if not key.session:
        return True
    found = table.session(key.session)
    return found is not None and found.generation == key.generation
