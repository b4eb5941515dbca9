"""Whether a request's session was made by somebody, where the settings ask for that."""

from __future__ import annotations

import difflib

from llmsim.errors import RequestError
from llmsim.store.base import DEFAULT_SESSION, Store

# To compare a name with all of 65,000 would hold a worker up.
_COMPARED = 1000


def check_made(store: Store, session: str) -> None:
    """Let a request through whose session is there. The default one always is.

    Raises:
        RequestError: 404, with the nearest names.
        StoreError: the state is gone.
    """
    # Not by a look, which may be an old one: a session that was deleted would be made again.
    if session == DEFAULT_SESSION or store.session(session):
        return
    names = [found.name for found in store.sessions(0, _COMPARED)[0]]
    nearest = difflib.get_close_matches(session, names, n=3, cutoff=0.6)
    meant = f"; did you mean {' or '.join(map(repr, nearest))}?" if nearest else "."
    message = (
        f"There is no session {session!r}, and the setting store.new_sessions is 'refuse': make "
        f"it with POST /llmsim/sessions{meant}"
    )
    raise RequestError(message, param="session", code="session_not_found", status=404)
