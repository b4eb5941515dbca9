"""What a server says of its own address, and of one that is taken."""

from __future__ import annotations

import socket
from types import SimpleNamespace

import pytest

from llmsim.errors import StartupError
from llmsim.server import ports
from tests.redis_server import free_port


def listening(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, free_port()), family=family)


@pytest.mark.parametrize(
    ("bound", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::1", "[::1]"),
        ("::", "[::1]"),
    ],
)
def test_the_origin_is_one_that_a_client_on_this_machine_can_connect_to(
    bound: str, shown: str
) -> None:
    with listening(bound) as listener:
        port = listener.getsockname()[1]
        origin = ports.origin([SimpleNamespace(sock=listener)])
        assert origin == f"http://{shown}:{port}"
        socket.create_connection((shown.strip("[]"), port), timeout=10).close()


def test_an_address_that_others_reach_is_told_as_a_client_writes_it() -> None:
    for bound, shown in (("0.0.0.0", "0.0.0.0"), ("::", "[::]")):
        with listening(bound) as listener:
            port = listener.getsockname()[1]
            assert ports.open_to_others([SimpleNamespace(sock=listener)]) == [f"{shown}:{port}"]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_address_that_is_taken_is_refused_by_name(host: str) -> None:
    with listening(host) as listener:
        address = listener.getsockname()[:2]
        configured = SimpleNamespace(address=[address], reuse_port=False)
        server = SimpleNamespace(LISTENERS=[], master_pid=0, cfg=configured)
        with pytest.raises(StartupError, match="Address already in use"):
            ports.check_free(server)
    ports.check_free(server)
