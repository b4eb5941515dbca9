"""Reading what a session's agents sent and got."""

from __future__ import annotations

from flask import Response

from llmsim.control.operation import operation, playback
from llmsim.control.schemas import EntriesAnswer, WhichEntries
from llmsim.control.sessions import existing
from llmsim.journal.read import every, read, wait
from llmsim.sessions import checked_name
from llmsim.store.base import Store


@operation("GET", "/sessions/<name>/requests", takes=WhichEntries, gives=EntriesAnswer)
def list_requests(name: str, since: int, limit: int, wait_for: int, timeout: float) -> Response:
    """Read the journal, a page at a time.

    Waits first, if asked to, until so many requests have finished.
    """
    store = _store_with(name)
    timed_out = wait_for > 0 and not wait(store, name, since, wait_for, timeout)
    found = read(store, name, since, limit)
    # Entries are JSON already.
    body = b'{"entries":[%b],"stale":[%b],"next":%d,"timed_out":%b,"dropped":%d}' % (
        b",".join(found.current),
        b",".join(found.stale),
        found.mark,
        b"true" if timed_out else b"false",
        store.dropped(),
    )
    return Response(body, mimetype="application/json")


@operation("GET", "/sessions/<name>/requests.jsonl")
def export_requests(name: str) -> Response:
    """Read the whole journal as JSON Lines."""
    store = _store_with(name)
    return Response((entry + b"\n" for entry in every(store, name)), mimetype="application/jsonl")


def _store_with(name: str) -> Store:
    """The store, if it knows the session.

    One whose only requests were refused has a journal and nothing else.

    Raises:
        RequestError: it does not (404), or the name cannot be one (400).
    """
    store = playback().store
    if not store.entries(checked_name(name), 0, 1).entries:
        existing(name)
    return store
