"""A real Redis for tests, at a socket and a port of its own; it ends with the block."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import pytest
import redis

from llmsim.store.redis.link import Link, Timeouts
from llmsim.store.redis.redis_store import RedisStore

PROGRAM = "redis-server"
_START_SECONDS = 60


def needs(program: str, package: str) -> str:
    """The path of a program; the test is skipped where it is not installed."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not installed: apt-get install {package}")
    return found


# Below those that Linux gives to whoever wants any: a connection of another test could take one of
# them before it is bound, or while a server that was killed is started again.
_PORTS = range(10_000, 32_768)


def free_port() -> int:
    """A port that nobody uses, and that nobody is given who does not ask for it by number."""
    while True:
        port = secrets.choice(_PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


class RedisServer:
    """A server that keeps nothing on the disk, but for what `arguments` say."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        self.port, self.cluster_port = free_port(), free_port()
        self.socket = folder / "redis.sock"
        self._command = [
            *(needs(PROGRAM, "redis-server"), "--bind", "127.0.0.1", "--port", str(self.port)),
            *("--unixsocket", str(self.socket), "--dir", str(folder), "--save", ""),
            *("--appendonly", "no", "--logfile", str(folder / "redis.log"), *arguments),
            *("--cluster-port", str(self.cluster_port)),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is, over TCP."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        """Where it is, on this machine."""
        return f"unix://{self.socket}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, or start it again, and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            ended = self._process.poll()
            assert ended is None, (self.folder / "redis.log").read_text()
            assert time.monotonic() < deadline, "redis-server does not start"
            time.sleep(0.01)

    def kill(self) -> None:
        """End it as a crash would."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Let it take connections and answer nothing, until `go_on`."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    def client(self) -> redis.Redis:
        """A client of redis-py, for what a test wants to look at or to spoil."""
        return redis.Redis(unix_socket_path=str(self.socket))

    def store(
        self, prefix: str = "llmsim", max_sessions: int = 100, journal_bytes: int = 2**28
    ) -> RedisStore:
        """A store in it, as one worker has it."""
        base = f"{{{prefix}}}:".encode()
        link = Link(self.socket_url, base, Timeouts(60, 60))
        return RedisStore(link, max_sessions, journal_bytes)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
