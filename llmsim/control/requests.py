"""Reading what a session's agents sent and got."""

from __future__ import annotations

from typing import Any

from flask import Response

from llmsim.control.operation import operation, playback
from llmsim.control.schemas import FILTERS, EntriesAnswer, WhichEntries, WhichGeneration
from llmsim.control.sessions import existing
from llmsim.journal.read import Mark, Reader
from llmsim.json_text import ascii_json
from llmsim.sessions import checked_name


@operation("GET", "/sessions/<name>/requests", takes=WhichEntries, gives=EntriesAnswer)
def list_requests(name: str, **asked: Any) -> Response:
    """Read the journal, a page at a time.

    Waits first, if asked to, until so many requests have finished.
    """
    store, mark, timed_out = playback().store, Mark.read(asked["since"]), False
    only = {field: asked[field] for field in FILTERS if field in asked}
    reader = Reader(store, checked_name(name), asked.get("generation"), only)
    if asked["wait_for"]:
        timed_out = not reader.wait(mark, asked["wait_for"], asked["timeout"])
    else:
        existing(name)
    found = reader.read(mark, asked["limit"])
    facts = {
        "next": str(found.mark),
        "rewound": found.rewound,
        "timed_out": timed_out,
        "dropped": store.dropped(),
    }
    # Entries are JSON already.
    body = b'{"entries":[%b],"stale":[%b],%b' % (
        b",".join(found.current),
        b",".join(found.stale),
        ascii_json(facts)[1:],
    )
    return Response(body, mimetype="application/json")


@operation("GET", "/sessions/<name>/requests.jsonl", takes=WhichGeneration)
def export_requests(name: str, generation: str | None = None) -> Response:
    """Read the whole journal of a generation as JSON Lines."""
    existing(name)
    entries = Reader(playback().store, name, generation).every()
    return Response((entry + b"\n" for entry in entries), mimetype="application/jsonl")
