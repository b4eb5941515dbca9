"""The gevent worker."""

from __future__ import annotations

import time
from functools import partial
from importlib import metadata
from typing import Any

import gevent
from gevent.pool import Pool
from gevent.server import StreamServer
from gunicorn.sock import ssl_context
from gunicorn.workers import ggevent

from llmsim.server.workers.idle import LINGER_SECONDS, end_reading

# How often the worker looks whether it is to stop, and then whether it may: gunicorn's second is
# most of the time that a stop takes.
_LOOK_SECONDS = 0.1
_LOOK_AGAIN_SECONDS = 0.02

# What plugins the installed packages have, read once, in the master.
_PLUGINS = metadata.entry_points()


class GeventWorker(ggevent.GeventWorker):
    """gunicorn's, but that it notices a stop at once, and then waits for answers alone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections: set[Any] = set()
        self._answering: set[Any] = set()
        self._servers: list[StreamServer] = []

    def patch(self) -> None:
        """gunicorn's, without most of its time.

        At each of 25 steps gevent looks for plugins of its own in the files of every installed
        package: 0.1 s of a worker's start where there are many.
        """
        look = metadata.entry_points
        metadata.entry_points = _PLUGINS.select
        try:
            super().patch()
        finally:
            metadata.entry_points = look

    def run(self) -> None:
        """Serve until told to stop; then answer what was asked before, and end."""
        servers = self._servers = [self._server(listener) for listener in self.sockets]
        self._accept_more()
        for server in servers:
            server.start()
        while self.alive:
            self.notify()
            gevent.sleep(_LOOK_SECONDS)
            self._accept_more()
        for server in servers:
            server.close()
        if not self._ended(servers):
            self.log.warning("Worker graceful timeout (pid:%s)", self.pid)
            for server in servers:
                server.stop(timeout=1)

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection."""
        self._connections.add(client)
        try:
            super().handle(listener, client, addr)
        finally:
            self._connections.discard(client)
            self._accept_more()

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """Answer a request, whose head was read."""
        self._answering.add(sock)
        try:
            super().handle_request(listener_name, req, sock, addr)
        finally:
            self._answering.discard(sock)

    def _server(self, listener: Any) -> StreamServer:
        listener.setblocking(1)
        tls = {"ssl_context": ssl_context(self.cfg)} if self.cfg.is_ssl else {}
        return StreamServer(
            listener,
            handle=partial(self.handle, listener),
            spawn=Pool(self.worker_connections),
            **tls,
        )

    def _accept_more(self) -> None:
        """Take more connections at once, the more there are.

        A worker takes some once in each round of its loop, which answers whoever has asked. With
        one a round, as gunicorn has it, a client waits seconds for its first answer where hundreds
        are served. With many, one worker would take all that come together, and others none: so
        the number grows once a look only, and falls as soon as connections end.
        """
        if self.cfg.workers > 1:
            for server in self._servers:
                server.max_accept = 1 + len(self._connections)

    def _ended(self, servers: list[StreamServer]) -> bool:
        """Wait for the answers, for `graceful_timeout` at most; whether they are all out."""
        now = time.monotonic()
        lingering, deadline = now + LINGER_SECONDS, now + self.cfg.graceful_timeout
        while any(len(server.pool) for server in servers):
            now = time.monotonic()
            if now > deadline:
                return False
            if now > lingering:
                for connection in self._connections - self._answering:
                    end_reading(connection)
            self.notify()
            gevent.sleep(_LOOK_AGAIN_SECONDS)
        return True
