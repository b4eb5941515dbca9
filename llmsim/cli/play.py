"""`llmsim play`: what a client would get, without a server."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from llmsim import settings as settings_module
from llmsim.apis import APIS
from llmsim.playback import Asked
from llmsim.playback.arrival import ByArrival
from llmsim.script import Script
from llmsim.serving.rendering import render
from llmsim.store.base import Claim

_DESCRIPTION = """\
Print the exact bytes of the answers that a client would get, each turn of the script once.
Standard error tells each answer's position and status.

  llmsim play my-script.json --api chat --stream
  llmsim play my-script.json --api responses --position 3 | jq .output
  llmsim play my-script.json --message "What is in this folder?"
"""


def add_to(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "play",
        help="print what a client would get",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("script", metavar="SCRIPT", help="a JSON script")
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
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Render each position and write it to standard output."""
    script = Script.from_file(given.script, settings_module.load().max_script_bytes)
    renderer = next(api.renderer for api in APIS if api.renderer.name == given.api)
    call = renderer.read(_request(given.message, given.stream))
    for position in range(len(script)) if given.position is None else [given.position]:
        claim = Claim(position, generation=0, arrival=position, script=0, place=position)
        played = ByArrival(script).decide(Asked(call.conversation)).taken(claim)
        answer = render(renderer, call, played, [])
        print(f"position {position}: HTTP {answer.status}", file=sys.stderr)
        for part in answer.body:
            sys.stdout.buffer.write(part)
        if not given.stream or answer.status != 200:
            sys.stdout.buffer.write(b"\n")
        sys.stdout.buffer.flush()
    return 0


def _request(message: str, stream: bool) -> dict[str, Any]:
    """One body that every API takes."""
    return {
        "model": "llmsim",
        "messages": [{"role": "user", "content": message}],
        "input": message,
        "max_tokens": 1024,
        "stream": stream,
    }


def _position(text: str) -> int:
    position = int(text)
    if position < 0:
        raise ValueError(text)
    return position
