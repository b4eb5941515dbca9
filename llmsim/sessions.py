"""Sessions: each has a script and a cursor of its own. Here is how a request names the one that it belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from llmsim.errors import RequestError
from llmsim.store.base import DEFAULT_SESSION

# Where the URL prefix is kept once it has been taken off the path.
PREFIX_KEY: Final = "llmsim.session"
KEY_PREFIX: Final = "llmsim-"

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def checked_name(name: str) -> str:
    """The name, if it is one: 1 to 64 letters, digits, dots, underscores and hyphens.

    Raises:
        RequestError: it is none.
    """
    if _NAME.fullmatch(name):
        return name
    message = f"{name[:80]!r} is no session name: it takes 1 to 64 of the characters A-Z a-z 0-9 . _ -"
    raise RequestError(message, param="session", code="invalid_session")


def session_of(environ: Mapping[str, Any]) -> str:
    """The session of a request: by URL prefix, else by header, else by API key, else the default one.

    Raises:
        RequestError: what names it is no session name.
    """
    named = environ.get(PREFIX_KEY)
    if named is None:
        named = environ.get("HTTP_X_LLMSIM_SESSION")
    if named is None:
        named = _named_by_key(environ)
    return DEFAULT_SESSION if named is None else checked_name(named)


def _named_by_key(environ: Mapping[str, Any]) -> str | None:
    """The session that a key `llmsim-<session>` names. The SDKs send it as a bearer token, older Anthropic ones as `x-api-key`."""
    key: str = environ.get("HTTP_AUTHORIZATION", "")
    key = key[7:].strip() if key[:7].lower() == "bearer " else environ.get("HTTP_X_API_KEY", "")
    return key.removeprefix(KEY_PREFIX) if key.startswith(KEY_PREFIX) else None
