"""`llmsim play`: what a client would get, without a server."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from llmsim import settings as settings_module
from llmsim.apis import APIS
from llmsim.apis.renderer import Call, Renderer
from llmsim.cli.explain import explained
from llmsim.cli.script_path import script_path
from llmsim.cli.times import timed
from llmsim.conversation import Request
from llmsim.errors import LlmsimError
from llmsim.playback import Taken
from llmsim.playback.arrival import ByArrival
from llmsim.playback.line import Line
from llmsim.playback.tracks import lines_of
from llmsim.registry import unknown
from llmsim.reply import NO_ANSWER, Reply
from llmsim.script import Script
from llmsim.script.folder import DEFAULT, read_folder
from llmsim.serving.body import as_object, parsed
from llmsim.serving.rendering import render, spoken
from llmsim.serving.shared import latency_of
from llmsim.store.base import DEFAULT_SESSION, Claim

_DESCRIPTION = """\
Print the exact bytes of the answers that a client would get, each turn of the script once.
Standard error tells each answer's position and status.

  llmsim play my-script.json --api chat --stream
  llmsim play my-script.json --api responses --position 3 | jq .output
  llmsim play my-script.json --message "What is in this folder?"
  llmsim play my-script.json --history request.json
"""


class NotThereError(LlmsimError):
    """There is no track, or no script, of that name; `known` are those that there are."""

    def __init__(self, what: str, name: str | None, known: Iterable[str]) -> None:
        self.what = what
        self.name = name
        self.known = tuple(known)
        super().__init__(what, name, self.known)

    def __str__(self) -> str:
        if self.name is None:
            return f"name one of the folder's scripts with --script: {', '.join(self.known)}"
        return unknown(self.what, self.name, self.known)


def add_to(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "play",
        help="print what a client would get",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "script", type=script_path, metavar="SCRIPT", help="a JSON script, or a folder of scripts"
    )
    parser.add_argument(
        "--api",
        choices=[api.renderer.name for api in APIS],
        default=APIS[0].renderer.name,
        help="default: %(default)s",
    )
    parser.add_argument("--stream", action="store_true", help="as server-sent events")
    parser.add_argument(
        "--message",
        metavar="TEXT",
        default="Hello",
        help="what the user says; default: %(default)s",
    )
    parser.add_argument(
        "--position",
        type=_position,
        metavar="N",
        help="only this position, counted from 0; it may lie beyond the last turn",
    )
    parser.add_argument(
        "--script", dest="named", metavar="NAME", help="which script of a folder; default: default"
    )
    parser.add_argument(
        "--track", metavar="NAME", help="only this track; main is the script's own turns"
    )
    parser.add_argument(
        "--history",
        type=_file,
        metavar="FILE",
        help="a request's body: say what it gets from a script that plays by history, and why",
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Render each position and write it to standard output."""
    settings = settings_module.load()
    script = _script(given.script, given.named, settings.max_script_bytes)
    script = script.with_latency(*latency_of(settings))
    renderer = next(api.renderer for api in APIS if api.renderer.name == given.api)
    if given.history is not None:
        return _play_history(given, script.with_order(settings.order), renderer)
    call, request = _read(renderer, _body(given.message, given.stream))
    for line, turns in _lines(script, given.track):
        of_track = f"track {line.track}, " if line.track else ""
        for position in range(len(turns)) if given.position is None else [given.position]:
            claim = Claim(position, generation=0, arrival=position, script=0, place=position)
            played = ByArrival(turns, line).taken(claim, request)
            _print(f"{of_track}position {position}", renderer, call, played)
    return 0


def _script(path: str, name: str | None, max_bytes: int) -> Script:
    """The script of a file, or that of the name in a folder; `default` where none is named.

    Raises:
        ScriptError: it cannot be read, parsed or used.
        NotThereError: there is none of that name.
    """
    if not Path(path).is_dir():
        if name is not None:
            raise NotThereError("script", name, [])
        return Script.from_file(path, max_bytes)
    found = read_folder(path, lambda file: Script.from_file(file, max_bytes))
    if (name or DEFAULT) not in found:
        raise NotThereError("script", name, found)
    return found[name or DEFAULT]


def _lines(script: Script, track: str | None) -> list[tuple[Line, Script]]:
    """The lines of turns to play: all of them, or the track's.

    Raises:
        NotThereError: there is no such track.
    """
    lines = lines_of(script)
    if track is None:
        return lines
    chosen = [each for each in lines if each[0].name == track]
    if not chosen:
        raise NotThereError("track", track, [line.name for line, _ in lines])
    return chosen


def _play_history(given: argparse.Namespace, script: Script, renderer: Renderer) -> int:
    """Say what a request with this history gets, and why; then print it."""
    body = as_object(parsed(Path(given.history).read_bytes(), {}))
    call, request = _read(renderer, {"model": "llmsim", "max_tokens": 1024} | body)
    sentences, tries = explained(script, request)
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    for number, taken in enumerate(tries):
        _print(f"try {number}", renderer, call, taken)
    return 0


def _read(renderer: Renderer, body: dict[str, Any]) -> tuple[Call, Request]:
    """The body as the API reads it, and what a turn sees of it."""
    call = renderer.read(body)
    request = Request(call.conversation, renderer.name, call.model, call.stream, body=body)
    return call, request._replace(session=DEFAULT_SESSION)  # its waits are those that are told


def _print(what: str, renderer: Renderer, call: Call, taken: Taken) -> None:
    answer = render(renderer, call, spoken(renderer, taken), [])
    status = "no answer" if answer.status == NO_ANSWER else f"HTTP {answer.status}"
    body, times = timed(answer.body)
    print(", ".join([f"{what}: {status}", *times]), file=sys.stderr)
    if isinstance(taken.outcome, Reply) and taken.outcome.not_found:
        not_found = ", ".join(taken.outcome.not_found)
        print(f"{what}: not found in the request: {not_found}", file=sys.stderr)
    part = b"\n"
    for part in body:
        sys.stdout.buffer.write(part)
    if not part.endswith(b"\n"):
        sys.stdout.buffer.write(b"\n")
    sys.stdout.buffer.flush()


def _body(message: str, stream: bool) -> dict[str, Any]:
    """One body that every API takes."""
    return {
        "model": "llmsim",
        "messages": [{"role": "user", "content": message}],
        "input": message,
        "max_tokens": 1024,
        "stream": stream,
    }


def _file(text: str) -> str:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text!r}")
    return text


def _position(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 up, got {text!r}")
    return int(text)
