"""Reading what a session's agents sent and got."""

from __future__ import annotations

from flask import Response

from llmsim.control.operation import operation, playback
from llmsim.control.schemas import EntriesAnswer, WhichEntries
from llmsim.control.sessions import existing
from llmsim.journal.read import every, read, wait


@operation("GET", "/sessions/<name>/requests", takes=WhichEntries, gives=EntriesAnswer)
def list_requests(name: str, since: int, limit: int, wait_for: int, timeout: float) -> Response:
    """Read the journal, a page at a time; waits first, if asked to, until so many requests have finished."""
    existing(name)
    store = playback().store
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
    existing(name)
    return Response((entry + b"\n" for entry in every(playback().store, name)), mimetype="application/jsonl")
