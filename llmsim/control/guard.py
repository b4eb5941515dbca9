"""Who may use the control API: no page of another site, and with a token set, only who has it."""

from __future__ import annotations

import hmac
import ipaddress
from typing import Final
from urllib.parse import urlsplit

from flask import request

from llmsim.errors import RequestError
from llmsim.serving.blueprint import settings

# Names below these are nobody's to register: loopback (RFC 6761), private networks such as
# Docker's `host.docker.internal` (reserved by ICANN in 2024), and the services of a Kubernetes
# cluster. All of `.local` would be too much: any machine on the same network can claim such a name.
_PRIVATE_ENDINGS: Final = (".localhost", ".internal", ".svc", ".cluster.local")


def check_caller() -> None:
    """Let the current request through.

    Raises:
        RequestError: 403 for a page of another site, 401 for a missing or wrong token.
    """
    host = request.environ.get("HTTP_HOST", "").lower()
    _check_host(host)
    origin = request.headers.get("Origin")
    if origin is not None and _host_of(origin) not in {host, _public_host()} - {""}:
        raise RequestError(
            f"Pages of {origin} may not use the control API.", code="foreign_origin", status=403
        )
    token = settings().control_token
    if token and not hmac.compare_digest(_given_token(), token.encode()):
        message = (
            "The control API wants the header 'Authorization: Bearer <token>', with the token of "
            "the setting control.token."
        )
        raise RequestError(message, code="invalid_token", status=401)


def _given_token() -> bytes:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip().encode() if kind.lower() == "bearer" else b""


def _check_host(host: str) -> None:
    """Refuse public names: a page can make its own name point here (DNS rebinding).

    Then the browser sends that name, and a public name has a dot and a public ending.
    """
    name = host.rpartition("]")[0].removeprefix("[") or host.partition(":")[0].removesuffix(".")
    if (
        "." not in name
        or name.endswith(_PRIVATE_ENDINGS)
        or host == _public_host()
        or _is_address(name)
    ):
        return
    message = (
        f"The control API is not served as {host}; name the address in the setting "
        "server.public_url (LLMSIM_PUBLIC_URL)."
    )
    raise RequestError(message, code="foreign_host", status=403)


def _public_host() -> str:
    return _host_of(settings().public_url)


def _host_of(url: str) -> str:
    """The host of a URL, with its port; nothing for what is no URL."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
