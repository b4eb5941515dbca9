"""What a writer can know of what its reader has not read yet."""

from __future__ import annotations

import socket

from tests.server.workers.unread import bytes_unread


def test_bytes_are_unread_until_the_reader_has_taken_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        writer = socket.create_connection(listening.getsockname())
        ends = writer.getpeername(), writer.getsockname()
        reader, _ = listening.accept()
        with writer, reader:
            writer.sendall(b"1234567")
            assert bytes_unread(*ends) == 7
            reader.recv(3)
            assert bytes_unread(*ends) == 4
            reader.recv(4)
            assert bytes_unread(*ends) == 0
    assert bytes_unread(*ends) == 0
