"""Scripts with names: those of the folder that the server plays, and those that are put here."""

from __future__ import annotations

from typing import Any

from flask import Response

from llmsim.control.operation import operation, playback
from llmsim.control.script_bodies import SCRIPT
from llmsim.control.script_schemas import NamedScriptAnswer, NamedScriptsAnswer
from llmsim.control.session_schemas import ScriptAnswer
from llmsim.errors import RequestError
from llmsim.playback.checking import Checked
from llmsim.playback.polled_lock import Pauses
from llmsim.playback.scripts import outline_of_named
from llmsim.playback.stored import Reference
from llmsim.registry import unknown
from llmsim.script.folder import Folder, Named
from llmsim.script.order import ARRIVAL, HISTORY
from llmsim.script.rules import a_label

_AT_ONCE = 500
_SLICE = 0.004  # seconds that others wait


@operation("GET", "/scripts", gives=NamedScriptsAnswer)
def list_scripts() -> dict[str, Any]:
    """List the scripts with names, and how many requests each has served."""
    scripts = list(_folder())
    served = _served(scripts)
    return {"scripts": [_shown(each, served[each.name]) for each in scripts]}


@operation("GET", "/scripts/<name>", gives=ScriptAnswer)
def show_named_script(name: str) -> Response:
    """Read back a script, without the comments in it."""
    return Response(_existing(name).script.canonical(), mimetype="application/json")


@operation("PUT", "/scripts/<name>", takes=SCRIPT, gives=NamedScriptAnswer)
def put_named_script(name: str, script: Checked) -> dict[str, Any]:
    """Put a script under a name, also while it serves. Its places begin anew."""
    if problem := a_label(name):
        message = f"{name[:80]!r} is no name of a script: {problem}"
        raise RequestError(message, code="invalid_script_name")
    playback().put_named(name, script.script)
    return _shown(_existing(name), 0)


@operation("DELETE", "/scripts/<name>", status=204)
def delete_named_script(name: str) -> Response:
    """Forget a script. Sessions that were given it are refused until they are given another."""
    if _existing(name).is_base:
        message = f"{name!r} is the script that the server was started with; PUT another one."
        raise RequestError(message, code="base_script", status=409)
    playback().delete_named(name)
    return Response(status=204)


def check_named(script: Checked | Reference | None) -> None:
    """Let a script of its own pass, and the name of one that there is.

    Raises:
        RequestError: there is none of that name (404).
    """
    if isinstance(script, Reference):
        _existing(script.name)


def _folder() -> Folder:
    scripts = playback().scripts
    return scripts.folder(scripts.published())


def _existing(name: str) -> Named:
    found = playback().scripts.named(name)
    if found is None:
        message = unknown("script", name, _folder().scripts)
        raise RequestError(message, code="script_not_found", status=404)
    return found


def _shown(named: Named, served: int) -> dict[str, Any]:
    outline = outline_of_named(named)
    return {
        "name": named.name,
        "turns": outline.turns,
        "tracks": [line.line.name for line in outline.lines],
        "order": HISTORY if outline.by_history else ARRIVAL,
        "from_file": named.from_file,
        "requests": served,
    }


def _served(scripts: list[Named]) -> dict[str, int]:
    """How many requests of the sessions that there are each script has served."""
    store, pauses = playback().store, Pauses(_SLICE)
    lines = [(each, line.line.place) for each in scripts for line in outline_of_named(each).lines]
    served = dict.fromkeys((each.name for each in scripts), 0)
    following: int | None = 0
    while following is not None:
        found, following = store.sessions(following, _AT_ONCE)
        for session in found:
            pauses.pause()
            counts = store.counts(session.name, [place for _, place in lines])
            for (each, _), count in zip(lines, counts, strict=True):
                if session.follows or not each.is_base:
                    served[each.name] += count
    return served
