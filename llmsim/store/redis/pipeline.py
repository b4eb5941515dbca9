"""The one connection on which a process sends its commands.

While a batch of commands is on its way, those that come meanwhile wait, and then leave in one
write. So a command costs little where there are many, and waits for nobody where there are few.
Whoever finds no batch on its way sends the next one and reads the answers of all. Then the first
that came meanwhile goes on. There is no thread or greenlet for it: any kind of worker can use it.

Nothing is sent twice: what was on its way when the connection broke has failed, whether it was done
or not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from threading import Lock  # as it was before gevent changed it: it costs half
from typing import Any

import hiredis
from redis.connection import AbstractConnection
from redis.exceptions import RedisError

from llmsim.errors import StoreError, StoreUnreachableError
from llmsim.one_at_a_time import let_others_run
from llmsim.store.redis.link import Link
from llmsim.store.redis.refused import refused
from llmsim.store.redis.verbs import Verb

_READ = 65_536
# A connection on which nothing was sent for so long, in seconds, may have been closed: looked at
# before it is used, it costs no request.
_IDLE = 1.0
# The server answers so where it did nothing and another one, or a new connection, would.
_ELSEWHERE = ("MOVED", "ASK", "READONLY", "CLUSTERDOWN", "MASTERDOWN")


class _Call:
    """A command, and then its answer or why there is none."""

    __slots__ = ("answer", "command", "error", "is_over", "leads", "woken")

    def __init__(self, command: bytes) -> None:
        self.command = command
        self.answer: Any = None
        self.error: Exception | None = None
        self.is_over = self.leads = False
        self.woken: threading.Lock | None = None

    def wake(self) -> None:
        if self.woken is not None:
            self.woken.release()


class Pipeline:
    """One connection over `link`, opened by the first call.

    `base` is what all keys begin with, `name` the URL without its secrets.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self.base, self.name = link.base, link.name
        self.renew()

    def renew(self) -> None:
        """Let go of the connection, which a forked process must not share with its parent."""
        self._connection: AbstractConnection | None = None
        self._socket: Any = None
        self._reader = hiredis.Reader()
        self._used = 0.0
        # Nobody waits or yields while it is held, so one that stops greenlets is as good.
        self._guard = Lock()
        self._waiting: list[_Call] = []
        self._is_led = False

    def run(self, verb: Verb, *arguments: bytes | str | int) -> Any:
        """Run a verb; its answer.

        Raises:
            StoreUnreachableError: there was no answer; it may have been done.
            StoreError: Redis has refused it, and nothing was done.
        """
        answer = self._call(("EVALSHA", verb.digest, 1, self.base, *arguments))
        if isinstance(answer, hiredis.ReplyError) and str(answer).startswith("NOSCRIPT"):
            answer = self._call(("EVAL", verb.source, 1, self.base, *arguments))
        return self._checked(answer)

    def call(self, *command: bytes | str | int) -> Any:
        """Run a command of Redis; see `run`."""
        return self._checked(self._call(command))

    def _checked(self, answer: Any) -> Any:
        if isinstance(answer, hiredis.ReplyError):
            raise refused(self.name, answer)
        return answer

    def _call(self, command: tuple[bytes | str | int, ...]) -> Any:
        call = _Call(hiredis.pack_command(command))  # type: ignore[arg-type]  # of any length
        with self._guard:
            self._waiting.append(call)
            call.leads, self._is_led = not self._is_led, True
            if not call.leads:
                call.woken = threading.Lock()
                call.woken.acquire()
        if call.woken is not None:
            self._wait(call, call.woken)
        if call.leads:
            self._lead(call)
        if call.error is not None:
            raise call.error
        return call.answer

    def _wait(self, call: _Call, woken: threading.Lock) -> None:
        """Wait until the call is over, or leads."""
        try:
            woken.acquire()
        except BaseException:  # a greenlet that was told to end
            self._leave(call)
            raise

    def _leave(self, call: _Call) -> None:
        """Nobody waits for the call any longer, and whoever is next leads in its place."""
        with self._guard:
            if call in self._waiting:
                self._waiting.remove(call)
            following = self._next() if call.leads else None
        if following is not None:
            following.wake()

    def _next(self) -> _Call | None:
        """Who leads from here on."""
        following = self._waiting[0] if self._waiting else None
        self._is_led = following is not None
        if following is not None:
            following.leads = True
        return following

    def _lead(self, call: _Call) -> None:
        """Send what waits, hand out the answers, and let somebody else lead, if there is."""
        try:
            let_others_run()  # who can go on now may have a command, too
        except BaseException:
            self._leave(call)
            raise
        with self._guard:
            batch, self._waiting = self._waiting, []
        try:
            self._exchange(batch)
        except StoreError as error:
            self._close()
            # Who came meanwhile has waited as long, and would wait once more.
            with self._guard:
                batch, self._waiting = batch + self._waiting, []
            _fail(batch, error)
        except BaseException:
            self._close()
            _fail(batch, StoreUnreachableError(self.name, "its connection was closed"))
            raise
        finally:
            with self._guard:
                following = self._next()
            for one in batch:
                one.wake()
            if following is not None:
                following.wake()

    def _exchange(self, batch: Sequence[_Call]) -> None:
        try:
            self._open()
            self._socket.sendall(b"".join([call.command for call in batch]))
            self._receive(batch)
        except (OSError, hiredis.HiredisError, RedisError) as error:
            raise StoreUnreachableError(self.name, str(error)) from error

    def _open(self) -> None:
        now = time.monotonic()
        if now - self._used > _IDLE and _is_at_its_end(self._connection):
            self._close()
        if self._connection is None:
            self._connection = self._link.open()
            self._socket = self._connection._sock
            self._reader = hiredis.Reader()
        self._used = now

    def _receive(self, batch: Sequence[_Call]) -> None:
        """Read an answer for each call, in order."""
        reader, is_elsewhere = self._reader, False
        for call in batch:
            answer = reader.gets()
            while answer is False:
                received = self._socket.recv(_READ)
                if not received:
                    raise OSError("the connection was closed")
                reader.feed(received)
                answer = reader.gets()
            call.answer, call.is_over = answer, True
            if isinstance(answer, hiredis.ReplyError):
                is_elsewhere |= str(answer).startswith(_ELSEWHERE)
        if is_elsewhere:
            self._close()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.disconnect()
        self._connection = self._socket = None


def _is_at_its_end(connection: AbstractConnection | None) -> bool:
    """Whether the server has closed the connection. Nothing is on its way: no answer can come."""
    try:
        return connection is not None and connection.can_read(0)
    except RedisError:
        return True


def _fail(calls: Sequence[_Call], error: Exception) -> None:
    """Let the calls that have no answer fail."""
    for call in calls:
        if not call.is_over:
            call.error, call.is_over = error, True
