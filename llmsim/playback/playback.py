"""The one place that consumes a turn."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from llmsim.conversation import Request
from llmsim.errors import MovedError, RequestError, StateLostError, StoreError
from llmsim.playback.admission import Caller, nobody
from llmsim.playback.checking import Checked
from llmsim.playback.earlier import Earlier
from llmsim.playback.line import Line
from llmsim.playback.order import Decision, Order
from llmsim.playback.scripts import Scripts
from llmsim.playback.stored import Outline, Reference
from llmsim.playback.taken import Taken
from llmsim.playback.tracks import chooser_of
from llmsim.playback.withheld import WithheldError
from llmsim.reply import Reply
from llmsim.script import Script
from llmsim.script.folder import DEFAULT, Folder
from llmsim.store.base import Blob, Seen, Session, Store

T = TypeVar("T")

Check = Callable[[Script, Earlier], None]
"""Looks at a request for which it was decided which turn of which script it gets."""

_TRIES = 100
_NO_REQUEST = Request()


def _nobody_asks(seconds: float) -> None:
    """Nobody wants to know how long a claim took."""


def _no_check(script: Script, earlier: Earlier) -> None:
    """Every request passes."""


class Playback:
    """The scripts of a store, played from its cursors."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.scripts = Scripts(store)

    def take(
        self,
        request: Request,
        check: Check = _no_check,
        caller: Caller = nobody,
        claimed: Callable[[float], None] = _nobody_asks,
    ) -> Taken:
        """Consume a turn of the session that the request names, if it passes the check.

        `caller` says who asks. `claimed` is told how many seconds the claim took.

        What a request gets is decided for what the session plays now; where that has changed by the
        time of the claim, the claim takes nothing and it is decided again.

        Raises:
            RequestError: the request is refused; nothing was consumed.
            WithheldError: it gets an error in the place of a turn, also by the check, and consumed
                none.
            StoreError: nothing was consumed.
        """
        session, tries = request.session, _TRIES
        while True:
            seen = self.store.look(session)
            tries -= 1
            try:
                order, decision = self._decided(request, seen, check)
                admission, take = order.admission, decision.take
                seen, take = admission.admitted(self.store, seen, take, request, caller)
                limits, began = admission.limits, time.perf_counter()
                if limits is None:
                    claim = self.store.claim(session, seen, take)
                    claimed(time.perf_counter() - began)
                    return decision.taken(claim, request)
                claim = limits.claimed(self.store, seen, take, request)
                claimed(time.perf_counter() - began)
                taken = decision.taken(claim, request)
                return limits.settled(self.store, taken, request, take.limits)
            except MovedError:
                if not tries:
                    raise StoreError(f"The session {session!r} changes all the time.") from None
            except StateLostError:
                # The script was deleted since it was seen, by whoever replaced it: then another
                # plays by now.
                if not tries or self.store.look(session) == seen:
                    raise

    def before(self, taken: Taken) -> Iterator[Reply]:
        """The replies that may be the last answer in the history of what was taken."""
        order = self.scripts.order_at_hand(taken.claim.script, taken.line)
        if order is None:
            return  # it was let go of since
        for turn in order.before(taken):
            reply = None if turn.reads_request else turn.play("", _NO_REQUEST)
            if isinstance(reply, Reply):
                yield reply

    def _decided(self, request: Request, seen: Seen, check: Check) -> tuple[Order, Decision]:
        """What a request gets that passes the check, and the order of its line of turns.

        Raises:
            RequestError, WithheldError: as `take`.
            MovedError: it would be refused, but for what is no longer so: no claim tells of that.
        """
        chooser = self.scripts.chooser(seen.script)
        try:
            order = chooser.order_for(request, seen.published)
            decision = order.decide(request)
            check(order.script, Earlier(order, seen.generation))
        except (RequestError, WithheldError):
            if self.store.look(request.session, fresh=True) != seen:
                raise MovedError from None
            raise
        return order, decision

    def publish(self, script: Script) -> bool:
        """Make `script` the one that is served from now on, by every worker.

        False where it is already, and then nothing rewinds. Scripts that the control API has put
        beside it stay.
        """

        def change(folder: Folder) -> tuple[Folder, bool]:
            base = folder.scripts.get(DEFAULT)
            is_same = base is not None and base.is_base and base.script == script
            return folder.with_base(script), not is_same

        return self._publish(change)

    def publish_files(self, files: Mapping[str, Script]) -> bool:
        """Make these the scripts that come from files, by their names; false where they are.

        Only what has changed begins anew.
        """

        def change(folder: Folder) -> tuple[Folder, bool]:
            return folder.with_files(files), any(each.is_base for each in folder)

        return self._publish(change)

    def put_named(self, name: str, script: Script) -> None:
        """Put a script under that name; its places begin anew, and nobody else's."""
        self._publish(lambda folder: (folder.with_script(name, script), False))

    def delete_named(self, name: str) -> bool:
        """Forget the script of that name; false where there is none."""
        if self.scripts.named(name) is None:
            return False
        return self._publish(lambda folder: (folder.without(name), False))

    def _publish(self, change: Callable[[Folder], tuple[Folder, bool]]) -> bool:
        """Change what is published in one step, and say whether it is another now.

        `change` also says whether all sessions that follow it rewind.
        """
        while True:
            before = self.store.published()
            try:
                folder = self.scripts.folder(before) if before else Folder({})
            except StateLostError:
                if self.store.published() == before:
                    raise
                continue
            now, rewinds = change(folder)
            content = now.canonical_or_base()
            try:
                key = self.store.publish(content, rewinds=rewinds or not before, instead_of=before)
            except MovedError:
                continue
            self.scripts.is_published(key, self.scripts.chooser_in(now), before)
            return key != before

    def create(
        self, session: str, script: Checked | Reference | None = None, options: bytes = b""
    ) -> Session | None:
        """Make a session; None where it is there already. See `Store.create`.

        Raises:
            StoreFullError: there is no room for it.
        """
        made = self.store.create(session, script.content if script else None, options)
        if made is not None and isinstance(script, Checked):
            self.scripts.keep(made.script, chooser_of(script.script), script.content)
        return made

    def put_script(self, session: str, script: Checked | Reference) -> Session:
        """Give the session a script of its own or one of the folder, from position 0.

        Raises:
            StoreFullError: the session is new and there is no room for it.
        """
        found = self.store.put_script(session, script.content)
        if isinstance(script, Checked):
            self.scripts.keep(found.script, chooser_of(script.script), script.content)
        return found

    def standing(self, session: str) -> tuple[Session | None, Outline]:
        """The session as it stands, None where there is none, and what it would play.

        Raises:
            StoreError: no request could be served now.
        """
        return self._standing(session, self.scripts.outline)

    def standing_lines(self, session: str) -> tuple[Session | None, list[tuple[Line, Script]]]:
        """The same, and the lines of turns that it plays.

        Raises:
            StoreError: no request could be served now.
        """
        return self._standing(session, self.scripts.lines)

    def standing_text(self, session: str) -> tuple[Session | None, Blob | None]:
        """The same, and the canonical text of its script; None where it plays several.

        Raises:
            StoreError: no request could be served now.
        """
        return self._standing(session, self.scripts.text)

    def _standing(self, session: str, read: Callable[[int], T]) -> tuple[Session | None, T]:
        lost = 0
        while True:
            found = self.store.session(session)
            key = found.script if found else self.scripts.published()
            try:
                return found, read(key)
            except StateLostError:
                # Replaced between the two reads: then the session has another one by now.
                if key == lost:
                    raise
                lost = key
