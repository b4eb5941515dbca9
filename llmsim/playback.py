"""The one place that consumes a turn."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmsim.conversation import Conversation
from llmsim.errors import ScriptError, StartupError, StoreError
from llmsim.reply import Failure, Reply
from llmsim.script import Script
from llmsim.settings import Settings, config_dir
from llmsim.store import state_dir
from llmsim.store.base import DEFAULT_SESSION, Claim, Store
from llmsim.store.mmap_store import MmapStore


def load_script(settings: Settings) -> tuple[str, Script]:
    """The path and the script that the settings name: the demo script where they name none.

    Raises:
        ScriptError: it cannot be read, parsed or used.
    """
    path = settings.script_path or str(config_dir() / "scripts" / "demo.json")
    return path, Script.from_file(path, settings.max_script_bytes)


@dataclass(frozen=True, slots=True)
class Taken:
    """A claimed position and what it plays; `index` is the turn's place in the script, None when the script is exhausted."""

    claim: Claim
    index: int | None
    outcome: Reply | Failure


class Playback:
    """The scripts of a store, played from its cursors."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._scripts: dict[int, Script] = {}

    def take(self, conversation: Conversation) -> Taken:
        """Consume the next turn.

        Raises:
            StoreError: nothing was consumed, or a position is lost; none will come twice.
        """
        claim = self._store.claim(DEFAULT_SESSION)
        script = self._scripts.get(claim.script) or self._load(claim.script)
        return Taken(claim, script.index(claim.position), script.play(claim.position, conversation))

    def publish(self, script: Script) -> bool:
        """Make `script` the one that is served from now on, by every worker; false where it is already, and then nothing rewinds."""
        content = script.canonical()
        key = self._store.published()
        replaced = key is None or self._store.script(key) != content
        if replaced:
            key = self._store.publish(content)
        assert key is not None  # noqa: S101 - it was published just now
        self._scripts = {key: script}
        return replaced

    def ready(self) -> dict[str, int]:
        """The script's length and the next position.

        Raises:
            StoreError: no request could be served now.
        """
        key = self._store.published()
        if key is None:
            raise StoreError("No script has been published in the state directory yet; the server has not finished its start.")
        script = self._scripts.get(key) or self._load(key)
        return {"turns": len(script), "position": self._store.position(DEFAULT_SESSION)}

    def _load(self, key: int) -> Script:
        script = Script.from_json(self._store.script(key))
        # At most two: the script that plays and the one before it, for requests in flight.
        self._scripts = dict([*self._scripts.items()][-1:]) | {key: script}
        return script


# The playback of the server that this process belongs to, made by its start-up hooks before the workers are forked.
_served: Playback | None = None
_opening = threading.Lock()


def serve(playback: Playback) -> None:
    """Let every application in this process, and in those forked from it, play from `playback`."""
    global _served  # noqa: PLW0603 - one server a process: that is the fact it records
    _served = playback


def served(settings: Settings, environ: Mapping[str, Any]) -> Playback:
    """The playback of this process; where no start-up hook made one, it is opened here, if that can be done exactly.

    Raises:
        StoreError: each worker would have a cursor of its own.
    """
    if _served is None:
        # Nothing in here yields, so this lock may be older than gevent's patches.
        with _opening:
            if _served is None:
                try:
                    serve(_open_without_hooks(settings, environ))
                except (ScriptError, StartupError) as error:
                    raise StoreError(str(error)) from error
    assert _served is not None  # noqa: S101 - set just now
    return _served


def _open_without_hooks(settings: Settings, environ: Mapping[str, Any]) -> Playback:
    """The playback under a server that did not run llmsim's hooks: a development server, a test client, another WSGI server."""
    _, script = load_script(settings)
    if settings.state_dir:
        joined, first = state_dir.join(Path(settings.state_dir))
        playback = Playback(MmapStore.create(joined.path))
        if first:
            playback.publish(script)
        return playback
    # gunicorn calls one worker "not multiprocess", and more may come at any time.
    if environ.get("wsgi.multiprocess") or str(environ.get("SERVER_SOFTWARE", "")).startswith("gunicorn"):
        raise StoreError(
            "This server may run several workers, and each would count turns on its own: start it with `gunicorn -c gunicorn.conf.py wsgi:app` or "
            "`llmsim serve`, or give all workers one directory in LLMSIM_STATE_DIR."
        )
    private = state_dir.make_private()
    atexit.register(private.release)
    playback = Playback(MmapStore.create(private.path))
    playback.publish(script)
    return playback
