"""How a request names the session that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final, cast

from llmsim.conversation import KEPT_HEADERS
from llmsim.errors import RequestError
from llmsim.serving.early_body import EarlyBody
from llmsim.session_source import BODY, HEADER, Source, sources_of
from llmsim.sessions import checked_name
from llmsim.settings import Settings
from llmsim.store.base import DEFAULT_SESSION

# Where the URL prefix is kept once it has been taken off the path.
PREFIX_KEY: Final = "llmsim.session"
KEY_PREFIX: Final = "llmsim-"
# Where the body is kept, if it was read to see which session the request belongs to.
BODY_KEY: Final = "llmsim.body"
# How the names begin that are made of other values.
MADE_PREFIX: Final = "c-"

# How a request named its session, for what is counted.
BY_DEFAULT: Final = "default"
BY_URL: Final = "url"
BY_HEADER: Final = "header"
BY_KEY: Final = "key"
BY_REQUEST: Final = "request"  # by what the settings say


def session_of(environ: Mapping[str, Any]) -> str:
    """The session of a request.

    By URL prefix, else by header, else by API key, else the default one.

    Raises:
        RequestError: what names it is no session name.
    """
    return _named(environ) or DEFAULT_SESSION


def session_found(environ: Mapping[str, Any], settings: Settings) -> str:
    """The same where the settings may name other places to look in, after those.

    Raises:
        RequestError: what names it is no session name.
    """
    named = _named(environ)
    if named is None and settings.session_from:
        for source in sources_of(settings.session_from):
            named = named or _made(source, environ, settings)
    return named or DEFAULT_SESSION


def session_kind(session: str, environ: Mapping[str, Any]) -> str:
    """In which way a request named the session that it belongs to; one of a few words."""
    if session == DEFAULT_SESSION:
        return BY_DEFAULT
    if PREFIX_KEY in environ:
        return BY_URL
    if "HTTP_X_LLMSIM_SESSION" in environ:
        return BY_HEADER
    return BY_KEY if key_of(environ).startswith(KEY_PREFIX) else BY_REQUEST


def _named(environ: Mapping[str, Any]) -> str | None:
    named = environ.get(PREFIX_KEY)
    if named is None:
        named = environ.get("HTTP_X_LLMSIM_SESSION")
    if named is None:
        key = key_of(environ)
        named = key.removeprefix(KEY_PREFIX) if key.startswith(KEY_PREFIX) else None
    return None if named is None else _checked(named)


def _checked(named: str) -> str:
    try:
        return checked_name(named)
    except RequestError:  # WSGI has the bytes of a name as latin-1: show them as they were meant
        return checked_name(named.encode("latin-1", "replace").decode("utf-8", "replace"))


def key_of(environ: Mapping[str, Any]) -> str:
    """The API key, a secret. The SDKs send it as a bearer token, older ones as `x-api-key`."""
    key: str = environ.get("HTTP_AUTHORIZATION", "")
    return key[7:].strip() if key[:7].lower() == "bearer " else environ.get("HTTP_X_API_KEY", "")


def _made(source: Source, environ: Mapping[str, Any], settings: Settings) -> str | None:
    """The name that this source gives, None where the request has nothing there.

    Names stand in headers, logs and the journal: what may be a secret becomes a digest.
    """
    if source.kind == HEADER:
        (name,) = source.path
        value = environ.get("HTTP_" + name.upper().replace("-", "_"))
        return _name(value, may_be_seen=name in KEPT_HEADERS)
    if source.kind == BODY:
        return _name(_body(environ, settings).at(source.path), may_be_seen=True)
    return _name(key_of(environ), may_be_seen=False)


def _body(environ: Mapping[str, Any], settings: Settings) -> EarlyBody:
    body = environ.get(BODY_KEY)
    if body is None:
        body = EarlyBody(environ, settings.max_body_bytes)
        cast("dict[str, Any]", environ)[BODY_KEY] = body  # WSGI says that it may be written to
    return body


def _name(value: Any, *, may_be_seen: bool) -> str | None:
    """A session's name for a text or an integer: the value where it is one, else its digest."""
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not text:
        return None
    if may_be_seen:
        try:
            return checked_name(text)
        except RequestError:
            pass
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8)
    return MADE_PREFIX + digest.hexdigest()
