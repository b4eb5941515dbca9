"""Addresses in settings: where the server listens, and the URL by which others reach it."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_HOST, _PORT = "127.0.0.1", "8080"
_EXAMPLES = "an address such as 127.0.0.1:8080, localhost:8080 or [::1]:8080"
# gunicorn's own: a socket in the file system, a descriptor that the server inherits.
_PASSED_ON = ("unix:", "fd://")


def bind_address(text: str, host: str = "", port: str = "") -> str:
    """`text` as `HOST:PORT`, or `[HOST]:PORT` for IPv6. What it leaves out is 127.0.0.1 or 8080.

    `host` and `port` replace one half of it. Several addresses have commas between them.

    Raises:
        ValueError: it is no address; the text says what was expected.
    """
    if "," in text:
        return ",".join(bind_address(part.strip(), host, port) for part in text.split(","))
    if text.startswith(_PASSED_ON):
        return text
    found_host, found_port = _halves(text.removeprefix("tcp://"))
    host = _host(host.removeprefix("[").removesuffix("]") or found_host or _HOST)
    port = _port(port or found_port or _PORT)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def wrong_address(text: str) -> str | None:
    """What is wrong with an address to listen on, or None."""
    try:
        bind_address(text)
    except ValueError as error:
        return str(error)
    return None


def wrong_url(text: str) -> str | None:
    """What is wrong with the URL that stands before every path of this server, or None."""
    expected = "expected a URL such as https://llm.example.com or http://10.0.0.5:8080/llm"
    try:
        url = urlsplit(text)
        sound = (
            url.scheme in ("http", "https")
            and url.hostname
            and url.port != 0
            and not (url.query or url.fragment or re.search(r"[\s<>\"]", text))
        )
    except ValueError:
        sound = False
    return None if sound or not text else f"{expected}, got {text!r}"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the IP address `host`."""
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _halves(text: str) -> tuple[str, str]:
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        if closed and (not port or port.startswith(":")):
            return host, port[1:]
        raise ValueError(f"expected {_EXAMPLES}, got {text!r}")
    if text.isdigit():
        return "", text
    if text.count(":") > 1:
        return text, ""
    host, _, port = text.partition(":")
    return host, port


def _host(text: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9._-]+", text) or _is_ipv6(text):
        return text
    raise ValueError(f"expected {_EXAMPLES}, got the host {text!r}")


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _port(text: str) -> str:
    if re.fullmatch(r"[0-9]{1,9}", text) and int(text) < 2**16:
        return text
    raise ValueError(f"expected a port from 0 to 65535, got {text!r}")
