"""Connections to the server that a URL names."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from redis.backoff import NoBackoff
from redis.connection import AbstractConnection, Connection, parse_url
from redis.exceptions import AuthenticationError, MovedError, RedisError, ResponseError
from redis.retry import Retry

from llmsim.errors import StoreUnreachableError
from llmsim.store.redis.refused import refused
from llmsim.store.redis.verbs import CONNECT

_LEAST_VERSION = 7
_MOVES = 5
_KEPT, _REWOUND = 1, 2  # what `connect.lua` says

log = logging.getLogger("llmsim.store")


class Timeouts(NamedTuple):
    """How long a connection may take to be made, and then an answer, in seconds."""

    connect: float
    answer: float


class Link:
    """Makes connections, each greeted: it speaks to a server that can be used."""

    def __init__(self, url: str, base: bytes, timeouts: Timeouts) -> None:
        self.name = shown(url)
        self.base = base
        options = parse_url(url)
        if url.startswith("unix") and not options.get("path"):
            raise ValueError("expected unix:///path/of/the/socket")
        self._class: type[AbstractConnection] = options.pop("connection_class", Connection)
        self._options: dict[str, Any] = {
            **options,
            "socket_connect_timeout": timeouts.connect,
            "socket_timeout": timeouts.answer,
            "protocol": 2,
            "decode_responses": False,
            # redis-py would send a command again whose answer was lost: a claim would be lost.
            "retry": Retry(NoBackoff(), 0),
        }
        self._class(**self._options)  # does not know an option of the URL: TypeError

    def open(self) -> AbstractConnection:
        """A new connection.

        Raises:
            StoreUnreachableError: there is no such server, or it does not answer in time.
            StoreError: it is one that cannot be used.
        """
        options = self._options
        for _ in range(_MOVES):
            connection = self._class(**options)
            try:
                connection.connect()
                self._greet(connection)
            except MovedError as error:  # a cluster, and another node has our keys
                connection.disconnect()
                options = {**self._options, "host": error.host, "port": error.port}
            except BaseException as error:
                connection.disconnect()
                raise _told(error, self.name) from error
            else:
                return connection
        raise StoreUnreachableError(self.name, "no node of the cluster has our keys")

    def _greet(self, connection: AbstractConnection) -> None:
        """Look which server it is, and let all sessions begin anew where it may have lost some.

        A server that was restarted from a copy would else hand out positions a second time.
        """
        server = _facts(_answer(connection, "INFO", "server"))
        version = server.get("redis_version", "")
        if version and int(version.split(".")[0]) < _LEAST_VERSION:
            raise ResponseError(f"it is version {version}, and {_LEAST_VERSION}.0 is needed")
        run, durable = server.get("run_id", ""), int(_is_durable(connection))
        if not run:  # hidden by who runs it
            return
        became = _answer(connection, "EVAL", CONNECT.source, 1, self.base, run, durable)
        if became == _KEPT:
            log.warning("Redis at %s was restarted, and has kept everything", self.name)
        elif became == _REWOUND:
            log.warning(
                "Redis at %s was restarted and may have lost turns that it had given: every "
                "session begins a new generation, at position 0",
                self.name,
            )


def shown(url: str) -> str:
    """The URL without what is secret in it."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def _told(error: BaseException, name: str) -> BaseException:
    """What went wrong with a connection, in the words of a store."""
    if isinstance(error, ResponseError | AuthenticationError):
        return refused(name, error)
    if isinstance(error, RedisError | OSError):
        return StoreUnreachableError(name, str(error))
    return error


def _answer(connection: AbstractConnection, *command: Any) -> Any:
    connection.send_command(*command)
    return connection.read_response()


def _facts(text: bytes) -> dict[str, str]:
    """What `INFO` says."""
    lines = text.decode("utf-8", "replace").splitlines()
    return {name: value for name, _, value in (line.partition(":") for line in lines)}


def _is_durable(connection: AbstractConnection) -> bool:
    """Whether a server that is killed has, once it is back, all that it had answered."""
    try:
        pairs = _answer(connection, "CONFIG", "GET", "append*")
    except ResponseError:  # not allowed, or hidden by who runs it
        return False
    found = dict(zip(pairs[::2], pairs[1::2], strict=True))
    return found.get(b"appendonly") == b"yes" and found.get(b"appendfsync") == b"always"
