"""The one place that consumes a turn."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from llmsim.conversation import Conversation
from llmsim.errors import StateLostError, StoreError
from llmsim.reply import Failure, Reply
from llmsim.script import Script, Turn
from llmsim.store.base import Claim, Session, Store

_TRIES = 5
_CACHED_SCRIPT_BYTES = 32 * 2**20  # of JSON text; a script takes several times that when parsed


@dataclass(frozen=True, slots=True)
class Taken:
    """A claimed position and what it plays.

    `turn` and its `index` in the script are None when the script is exhausted.
    """

    claim: Claim
    index: int | None
    turn: Turn | None
    outcome: Reply | Failure


def taken(claim: Claim, script: Script, conversation: Conversation) -> Taken:
    """What a claim of the script plays."""
    index = script.index(claim.position)
    if index is None:
        return Taken(claim, None, None, script.exhausted_failure())
    turn = script.turns[index]
    return Taken(claim, index, turn, turn.play(claim.position, conversation))


class Playback:
    """The scripts of a store, played from its cursors."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._scripts: OrderedDict[int, Script] = OrderedDict()
        self._sizes: dict[int, int] = {}
        # Threads that miss a script together must not all parse it. Nothing yields while this is
        # held, so it may be older than gevent's patches.
        self._loading = threading.Lock()

    def take(self, session: str, conversation: Conversation) -> Taken:
        """Consume the session's next turn.

        Raises:
            StoreError: nothing was consumed, or a position is lost; none will come twice.
        """
        tries = _TRIES
        while True:
            claim = self.store.claim(session)
            try:
                return taken(claim, self.script(claim.script), conversation)
            except StateLostError:
                # Replaced since it was claimed: then that generation is over, and nobody will miss
                # the position. Else it is lost in earnest.
                tries -= 1
                if not tries:
                    raise

    def publish(self, script: Script) -> bool:
        """Make `script` the one that is served from now on, by every worker.

        False where it is already, and then nothing rewinds.
        """
        content = script.canonical()
        key = self.store.published()
        replaced = key is None or self.store.script(key) != content
        if key is None or replaced:
            key = self.store.publish(content)
        self._keep(key, script, len(content))
        return replaced

    def put_script(self, session: str, script: Script) -> Session:
        """Give the session a script of its own, from position 0.

        Raises:
            StoreFullError: the session is new and there is no room for it.
        """
        content = script.canonical()
        found = self.store.put_script(session, content)
        self._keep(found.script, script, len(content))
        return found

    def script(self, key: int) -> Script:
        """The script of that key, read once by each process.

        Raises:
            StateLostError: it is gone.
        """
        script = self._scripts.get(key)
        return self._loaded(key) if script is None else script

    def standing(self, session: str) -> tuple[Session | None, Script]:
        """The session as it stands, None where there is none, and the script that it would play.

        Raises:
            StoreError: no request could be served now.
        """
        lost = 0
        while True:
            found = self.store.session(session)
            key = found.script if found else self.store.published()
            if not key:
                raise StoreError(
                    "No script has been published in the state directory yet; the server has not "
                    "finished its start."
                )
            try:
                return found, self.script(key)
            except StateLostError:
                # Replaced between the two reads: then the session has another one by now.
                if key == lost:
                    raise
                lost = key

    def ready(self, session: str) -> dict[str, int]:
        """The length of the script that the session plays, or would play, and its next position.

        Raises:
            StoreError: no request could be served now.
        """
        found, script = self.standing(session)
        return {"turns": len(script), "position": found.position if found else 0}

    def _loaded(self, key: int) -> Script:
        with self._loading:
            script = self._scripts.get(key)
            if script is None:
                content = self.store.script(key)
                script = Script.from_json(content)
                self._keep(key, script, len(content))
            return script

    def _keep(self, key: int, script: Script, size: int) -> None:
        """Keep a script at hand, and let go of the oldest beyond what may be kept."""
        self._scripts[key] = script
        self._sizes[key] = size
        total = sum(self._sizes.values()) if len(self._sizes) > 1 else 0
        while total > _CACHED_SCRIPT_BYTES and len(self._scripts) > 1:
            oldest, _ = self._scripts.popitem(last=False)
            total -= self._sizes.pop(oldest)
