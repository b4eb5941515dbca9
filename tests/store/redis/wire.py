"""A wire between a store and its Redis, which a test can watch and cut."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Self

_BLOCK = 2**20


class Wire:
    """Listens on a port of its own and passes on what comes, both ways.

    `sent` are the pieces that the store sent. Before an answer is passed on, `is_cut` is asked: if
    it says so, the connection is closed on both sides and the answer is lost.
    """

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.sent: list[bytes] = []
        self.connections = 0
        self.is_cut: Callable[[], bool] = lambda: False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            _close(end)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                self.connections += 1
                self._open += [near, far]
                self._start(self._forth, near, far)
                self._start(self._back, near, far)

    def _forth(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := near.recv(_BLOCK):
                self.sent.append(block)
                far.sendall(block)
        _close(far)

    def _back(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while block := far.recv(_BLOCK):
                if self.is_cut():
                    break
                near.sendall(block)
        _close(near)
        _close(far)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=target, args=arguments, daemon=True).start()


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
