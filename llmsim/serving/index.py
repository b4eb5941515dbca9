"""What answers beside the APIs' own routes: `/`, each API's base, and `/health` below each.

None of it consumes a turn.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from llmsim import __version__
from llmsim.errors import RequestError, StoreError
from llmsim.playback.places import places_of, shown_tracks
from llmsim.script.order import ARRIVAL, HISTORY
from llmsim.serving.blueprint import as_json, settings
from llmsim.serving.rendering import HOST
from llmsim.serving.session import session_of
from llmsim.serving.shared import run, shared
from llmsim.serving.urls import PREFIXES, base_urls, origin_of, root

blueprint = Blueprint("base", __name__)


def index() -> Response:
    """Who is here, and the URLs to give to a client.

    Some clients ask for this before their first POST.
    """
    origin = origin_of(request.environ)
    return as_json(
        {
            "name": "llmsim",
            "version": __version__,
            "base_urls": base_urls(settings(), origin, request.script_root),
            "health": root(settings(), origin) + request.script_root + "/health",
            "control_api": root(settings(), origin) + "/llmsim",
            "metrics": root(settings(), origin) + "/metrics",
            "page": root(settings(), origin) + "/llmsim/",
        }
    )


def health() -> Response:
    """200 once a request could be served: what plays, where the session stands, whose server it is.

    503 and the reason before.
    """
    try:
        name = session_of(request.environ)
        playback = shared(settings(), request.environ)
        session, lines = playback.standing(name)
        places = places_of(playback.store, session, lines)
        uncounted = playback.store.uncounted()
    except (RequestError, StoreError) as error:
        return as_json({"status": "unavailable", "message": str(error)}, error.status)
    server = run()
    tracks = {"tracks": shown_tracks(lines, places)} if lines.has_tracks else {}
    return as_json(
        {
            "status": "ok",
            "version": __version__,
            "host": HOST,
            "pid": server.pid,
            "started": server.started,
            "script": None if session and not session.follows else server.script,
            "turns": lines.turns,
            "order": HISTORY if lines.by_history else ARRIVAL,
            "position": session.position if session else 0,
            # How often a count of served turns found no room.
            "uncounted": uncounted,
            **tracks,
        }
    )


for _prefix in ("", *PREFIXES):
    blueprint.add_url_rule(_prefix or "/", "index", index, methods=["GET"])
    # Load tools ask `<base URL>/health`.
    blueprint.add_url_rule(f"{_prefix}/health", "health", health, methods=["GET"])
