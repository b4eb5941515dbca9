"""`llmsim verify`: did the agents do what the script asks for?"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from llmsim import settings as settings_module
from llmsim.cli import junit
from llmsim.errors import LlmsimError
from llmsim.json_text import compact
from llmsim.server.control_client import ControlClient
from llmsim.verdict import Verdict, text
from llmsim.verdict.summary import Summary

_DESCRIPTION = """\
Ask a running server whether its agents did what their scripts ask for, and say what they did wrong.
Without --session, all sessions are judged.

  llmsim verify
  llmsim verify --session agent-7
  llmsim verify --prefix nightly- --junit verdict.xml

The exit code is 0 where the verdict passes, else 1.
"""
_AT_ONCE = 1000
_REACHABLE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - names it, binds nothing


class NotWrittenError(LlmsimError):
    """A report cannot be written."""

    def __init__(self, path: str, error: OSError) -> None:
        self.path = path
        super().__init__(f"cannot write {path}: {error.strerror}")


def add_to(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "verify",
        help="say what the agents did wrong",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--session", metavar="NAME", help="only this session")
    which.add_argument(
        "--prefix", metavar="TEXT", default="", help="only sessions whose name begins so"
    )
    parser.add_argument(
        "--url",
        metavar="URL",
        help=f"the server ({settings_module.URL_VARIABLE}; default: where the settings bind it)",
    )
    parser.add_argument(
        "--junit",
        metavar="FILE",
        help="also write a JUnit report: a case for each session, or each conversation of one",
    )
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Print the verdict."""
    settings = settings_module.load()
    origin = given.url or os.environ.get(settings_module.URL_VARIABLE) or _origin(settings.bind)
    client = ControlClient(origin, settings.control_token)
    everything = bool(given.junit)
    found = (
        _session(client, given.session, everything=everything)
        if given.session is not None
        else _all(client, given.prefix, everything=everything)
    )
    if given.junit:
        _write(given.junit, junit.report(found))
    if given.json:
        print(compact(found.as_json()))
    else:
        print("\n".join(text.lines(found)))
    return 0 if found.passed else 1


def _origin(bind: str) -> str:
    """Where a server on this machine is reached that listens on `bind`."""
    host, _, port = bind.split(",", maxsplit=1)[0].rpartition(":")
    return f"http://{_REACHABLE.get(host, host)}:{port}"


def _session(client: ControlClient, name: str, *, everything: bool) -> Verdict:
    """The verdict on a session; with every conversation of it, or the first failed ones."""
    path = f"/sessions/{quote(name, safe='')}/verdict"
    asked = {"conversations": "all", "limit": _AT_ONCE} if everything else {}
    sent = client.get(f"{path}?{urlencode(asked)}" if asked else path)
    if everything and sent["conversations"]:
        _rest(
            sent["conversations"], lambda more: client.get(f"{path}?{more}")["conversations"], asked
        )
    return Verdict.read(sent)


def _all(client: ControlClient, prefix: str, *, everything: bool) -> Verdict | Summary:
    """The verdict on many sessions; of a single one, all that there is to say."""
    asked: dict[str, Any] = {"prefix": prefix, "sessions": "all", "limit": 2}
    first = client.get(f"/verdict?{urlencode(asked)}")
    if len(first["page"]) == 1:
        return _session(client, first["page"][0]["session"], everything=everything)
    asked = {"prefix": prefix, "group": "script"}
    if everything:
        asked |= {"sessions": "all", "limit": _AT_ONCE}
    sent = client.get(f"/verdict?{urlencode(asked)}")
    if everything:
        _rest(sent, lambda more: client.get(f"/verdict?{more}"), asked)
    return Summary.read(sent)


def _rest(page: dict[str, Any], read: Callable[[str], Any], asked: Mapping[str, Any]) -> None:
    """Add the pages that follow to a first one."""
    while page["next"] is not None:
        following = read(urlencode({**asked, "after": page["next"]}))
        page["page"] += following["page"]
        page["next"] = following["next"]


def _write(path: str, report: bytes) -> None:
    try:
        Path(path).write_bytes(report)
    except OSError as error:
        raise NotWrittenError(path, error) from error
