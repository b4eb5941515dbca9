"""The one place that consumes a turn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TypeVar

from llmsim.conversation import Request
from llmsim.errors import MovedError, RequestError, StateLostError, StoreError
from llmsim.playback.admission import Caller, nobody
from llmsim.playback.checking import Checked
from llmsim.playback.earlier import Earlier
from llmsim.playback.order import Decision, Order
from llmsim.playback.polled_lock import PolledLock
from llmsim.playback.stored import LARGE_BYTES, Outline, opened, outline_in, outline_of
from llmsim.playback.taken import Taken
from llmsim.playback.tracks import order_of
from llmsim.playback.withheld import WithheldError
from llmsim.reply import Reply
from llmsim.script import Script
from llmsim.store.base import Blob, Seen, Session, Store

T = TypeVar("T")

Check = Callable[[Script, Earlier], None]
"""Looks at a request for which it was decided which turn of which script it gets."""

_TRIES = 100
_CACHED_SCRIPT_BYTES = 32 * 2**20  # of JSON text; a script takes several times that when parsed


def _no_check(script: Script, earlier: Earlier) -> None:
    """Every request passes."""


class Playback:
    """The scripts of a store, played from its cursors."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._orders: dict[int, Order] = {}
        self._sizes: OrderedDict[int, int] = OrderedDict()
        # Threads that miss a script together must not all parse it.
        self._loading = PolledLock()

    def take(self, request: Request, check: Check = _no_check, caller: Caller = nobody) -> Taken:
        """Consume a turn of the session that the request names, if it passes the check.

        `caller` says who asks.

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
                order = self._order(seen.script)
                order, decision = self._decided(order, request, seen, check)
                admission, take = order.admission, decision.take
                seen, take = admission.admitted(self.store, seen, take, request, caller)
                limits = admission.limits
                if limits is None:
                    return decision.taken(self.store.claim(session, seen, take), request)
                taken = decision.taken(limits.claimed(self.store, seen, take, request), request)
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
        order = self._orders.get(taken.claim.script)
        if order is None:
            return  # it was let go of since
        for turn in order.before(taken):
            reply = None if turn.reads_request else turn.play("", Request())
            if isinstance(reply, Reply):
                yield reply

    def _decided(
        self, order: Order, request: Request, seen: Seen, check: Check
    ) -> tuple[Order, Decision]:
        """What a request gets that passes the check, and the order of its line of turns.

        Raises:
            RequestError, WithheldError: as `take`.
            MovedError: it would be refused, but for what is no longer so: no claim tells of that.
        """
        try:
            order = order.order_for(request)
            decision = order.decide(request)
            check(order.script, Earlier(order, seen.generation))
        except (RequestError, WithheldError):
            if self.store.look(request.session, fresh=True) != seen:
                raise MovedError from None
            raise
        return order, decision

    def publish(self, script: Script) -> bool:
        """Make `script` the one that is served from now on, by every worker.

        False where it is already, and then nothing rewinds.
        """
        before = self.store.published()
        key = self.store.publish(script.canonical())
        # Not among those that are let go of: the workers share it with the master. To free a large
        # one would copy its pages first, and take long.
        self._orders[key] = order_of(script)
        if before != key:
            self._orders.pop(before or 0, None)
        return before != key

    def create(
        self, session: str, checked: Checked | None = None, options: bytes = b""
    ) -> Session | None:
        """Make a session; None where it is there already. See `Store.create`.

        Raises:
            StoreFullError: there is no room for it.
        """
        made = self.store.create(session, checked.content if checked else None, options)
        if made is not None and checked is not None:
            self._keep(made.script, checked.script, checked.content)
        return made

    def put_script(self, session: str, checked: Checked) -> Session:
        """Give the session a script of its own, from position 0.

        Raises:
            StoreFullError: the session is new and there is no room for it.
        """
        found = self.store.put_script(session, checked.content)
        self._keep(found.script, checked.script, checked.content)
        return found

    def script(self, key: int) -> Script:
        """The script of that key, read once by each process.

        Raises:
            StateLostError: it is gone.
        """
        return self._order(key).script

    def outline(self, key: int) -> Outline:
        """The outline of the script of that key, which need not be read for it.

        Raises:
            StateLostError: it is gone.
        """
        order = self._orders.get(key)
        return outline_of(order.script) if order else outline_in(self.store.script(key))

    def standing(self, session: str) -> tuple[Session | None, Script]:
        """The session as it stands, None where there is none, and the script that it would play.

        Raises:
            StoreError: no request could be served now.
        """
        return self._standing(session, self.script)

    def standing_text(self, session: str) -> tuple[Session | None, Blob]:
        """The same, and the canonical text of the script.

        Raises:
            StoreError: no request could be served now.
        """
        return self._standing(session, self.store.script)

    def _standing(self, session: str, read: Callable[[int], T]) -> tuple[Session | None, T]:
        lost = 0
        while True:
            found = self.store.session(session)
            key = found.script if found else self.store.published()
            if not key:
                raise StoreError(
                    "No script has been published yet; the server has not finished its start."
                )
            try:
                return found, read(key)
            except StateLostError:
                # Replaced between the two reads: then the session has another one by now.
                if key == lost:
                    raise
                lost = key

    def _order(self, key: int) -> Order:
        order = self._orders.get(key)
        return self._loaded(key) if order is None else order

    def _loaded(self, key: int) -> Order:
        with self._loading.held():
            order = self._orders.get(key)
            if order is None:
                content = self.store.script(key)
                order = self._keep(key, opened(content), content)
            return order

    def _keep(self, key: int, script: Script, content: Blob) -> Order:
        """Keep a script at hand, and let go of the oldest beyond what may be kept."""
        order = self._orders[key] = order_of(script)
        self._sizes[key] = min(len(content), LARGE_BYTES)  # of a large one, a part is in memory
        total = sum(self._sizes.values())
        while total > _CACHED_SCRIPT_BYTES and len(self._sizes) > 1:
            oldest, size = self._sizes.popitem(last=False)
            self._orders.pop(oldest, None)
            total -= size
        return order
