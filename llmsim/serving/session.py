"""How a request names the session that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from llmsim.sessions import checked_name
from llmsim.store.base import DEFAULT_SESSION

# Where the URL prefix is kept once it has been taken off the path.
PREFIX_KEY: Final = "llmsim.session"
KEY_PREFIX: Final = "llmsim-"


def session_of(environ: Mapping[str, Any]) -> str:
    """The session of a request.

    By URL prefix, else by header, else by API key, else the default one.

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
    """The session that a key `llmsim-<session>` names.

    The SDKs send it as a bearer token, older Anthropic ones as `x-api-key`.
    """
    key: str = environ.get("HTTP_AUTHORIZATION", "")
    key = key[7:].strip() if key[:7].lower() == "bearer " else environ.get("HTTP_X_API_KEY", "")
    return key.removeprefix(KEY_PREFIX) if key.startswith(KEY_PREFIX) else None
