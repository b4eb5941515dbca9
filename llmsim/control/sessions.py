"""Making, listing, rewinding and deleting sessions, and giving them scripts."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Response, request

from llmsim.control.operation import operation, playback
from llmsim.control.script_bodies import SCRIPT_OR_USE
from llmsim.control.scripts import check_named
from llmsim.control.session_list import Chosen, described, page
from llmsim.control.session_schemas import (
    NewSession,
    PageOfSessions,
    ScriptAnswer,
    SessionAnswer,
    SessionsAnswer,
)
from llmsim.errors import RequestError, StateLostError
from llmsim.journal.keeping import written
from llmsim.playback.checking import Checked
from llmsim.playback.stored import Outline, Reference, outline_of
from llmsim.serving.blueprint import settings
from llmsim.serving.urls import base_urls, origin_of
from llmsim.sessions import checked_name
from llmsim.store.base import Session

_BLOCK = 2**16  # bytes that are sent at once


@operation("POST", "/sessions", takes=NewSession, gives=SessionAnswer, status=201)
def create_session(
    name: str | None = None,
    script: Checked | Reference | None = None,
    journal: str | None = None,
    body_limit_kb: int | None = None,
    protocol: str | None = None,
) -> dict[str, Any]:
    """Make a session, with a script of its own or playing the default one."""
    check_named(script)
    name = name or f"session-{secrets.token_hex(8)}"
    made = playback().create(name, script, written(journal, body_limit_kb, protocol))
    if made is None:
        message = (
            f"There is a session {name!r} already: reset it with POST "
            f"/llmsim/sessions/{name}/reset, or PUT another script."
        )
        raise RequestError(message, code="session_exists", status=409)
    return _as_made(made, script)


@operation("GET", "/sessions", takes=PageOfSessions, gives=SessionsAnswer)
def list_sessions(
    after: int, limit: int, prefix: str, search: str, state: str | None = None
) -> Response:
    """List sessions, a page at a time."""
    chosen = Chosen(prefix, search, state)
    return Response(page(after, limit, chosen), mimetype="application/json")


@operation("GET", "/sessions/<name>", gives=SessionAnswer)
def show_session(name: str) -> dict[str, Any]:
    """Show a session as it stands."""
    return _shown(checked_name(name))


@operation("DELETE", "/sessions/<name>", status=204)
def delete_session(name: str) -> Response:
    """Forget a session, its script and its journal."""
    if not playback().store.delete(checked_name(name)):
        raise no_such(name)
    return Response(status=204)


@operation("PUT", "/sessions/<name>/script", takes=SCRIPT_OR_USE, gives=SessionAnswer)
def put_script(name: str, script: Checked | Reference) -> dict[str, Any]:
    """Give a session a script of its own, or one of those with a name, from position 0.

    The session is made where there is none of that name.
    """
    check_named(script)
    found = playback().put_script(checked_name(name), script)
    return _as_made(found, script)


@operation("GET", "/sessions/<name>/script", gives=ScriptAnswer)
def show_script(name: str) -> Response:
    """Read back the script that a session plays, without the comments in it."""
    found, content = playback().standing_text(checked_name(name))
    if found is None:
        raise no_such(name)
    if content is None:
        message = (
            f"The session {name!r} plays whichever script its requests are for: see GET "
            "/llmsim/scripts."
        )
        raise RequestError(message, code="no_script", status=404)
    starts = range(0, len(content), _BLOCK)
    blocks = (content[start : start + _BLOCK] for start in starts)
    return Response(blocks, mimetype="application/json")


@operation("POST", "/sessions/<name>/reset", gives=SessionAnswer)
def reset_session(name: str) -> dict[str, Any]:
    """Rewind a session to position 0 and clear its journal."""
    found = playback().store.reset(checked_name(name))
    if found is None:
        raise no_such(name)
    try:
        # As it was rewound: others may have claimed since.
        return _described(found, playback().scripts.outline(found.script))
    except StateLostError:
        return _shown(name)  # it has been given another script since


def existing(name: str) -> Session:
    """The session of that name.

    Raises:
        RequestError: there is none (404), or it cannot be a name (400).
    """
    found = playback().store.session(checked_name(name))
    if found is None:
        raise no_such(name)
    return found


def no_such(name: str) -> RequestError:
    """The refusal of a request for a session that is not there."""
    message = f"There is no session {name!r}; its first request makes it, or POST /llmsim/sessions."
    return RequestError(message, code="session_not_found", status=404)


def _as_made(session: Session, script: Checked | Reference | None) -> dict[str, Any]:
    """A session that was just given this script; others may have claimed since."""
    if isinstance(script, Checked):
        return _described(session, outline_of(script.script))
    return _shown(session.name)


def _shown(name: str) -> dict[str, Any]:
    return _described(*standing(name))


def standing(name: str) -> tuple[Session, Outline]:
    """A session as it stands, and the outline of what it plays.

    Raises:
        RequestError: there is no such session (404).
    """
    found, script = playback().standing(name)
    if found is None:
        raise no_such(name)
    return found, script


def _described(session: Session, script: Outline) -> dict[str, Any]:
    urls = base_urls(settings(), origin_of(request.environ), f"/s/{session.name}")
    return {**described(session, script), "base_urls": urls}
