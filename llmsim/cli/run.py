"""`llmsim run`: a server for the time of one command."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import Any

from llmsim import settings as settings_module
from llmsim.cli.played import Played
from llmsim.cli.script_path import script_path
from llmsim.cli.signals import Signals
from llmsim.errors import LlmsimError, SettingsError
from llmsim.server.child import ChildEndedError, ChildServer
from llmsim.server.client_environment import variables
from llmsim.server.control_client import ControlClient
from llmsim.transcript import transcript

_DESCRIPTION = """\
Start a server with SCRIPT on a free port, run COMMAND with the environment that the SDKs of OpenAI
and Anthropic read, and stop the server. Then say how many turns were used, and print the
conversation where anything went wrong. LLMSIM_URL is the server's address, for its control API.

  llmsim run my-script.json -- pytest tests/
  LLMSIM_ORDER=history llmsim run my-script.json --allow-left -- node agent.mjs "Fix the bug"

The exit code is the command's, or 1 where turns are left or a turn expected something else.
127: the command cannot be started.
Settings of the server, as `llmsim serve --help` lists them, are read from the environment.
"""
_CANNOT_START = 127  # as a shell has it
_BY_SIGNAL = 128


def add_to(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "run",
        help="run a command against a script",
        usage="llmsim run SCRIPT [--allow-left] -- COMMAND...",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "script", type=script_path, metavar="SCRIPT", help="a JSON script, or a folder of scripts"
    )
    # PARSER: all that follows is the command's, also a `--` of its own.
    parser.add_argument(
        "command", nargs=argparse.PARSER, metavar="COMMAND", help="a program and its arguments"
    )
    parser.add_argument(
        "--allow-left", action="store_true", help="turns that nobody asked for are no failure"
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Run the command. What is said goes to standard error: the output is the command's."""
    settings = settings_module.load()
    if settings.journal_mode == "off":
        raise SettingsError(["llmsim run counts turns by the journal: set journal.mode to meta"])
    for warning in settings_module.unknown_variables(os.environ):
        _say(warning)
    signals = Signals()
    server = ChildServer(given.script, os.environ, wanted=lambda: not signals.received)
    try:
        with server:
            command = given.command[given.command[0] == "--" :]
            code = _run(command, server.origin, signals)
            if code == _CANNOT_START:
                return code
            control = ControlClient(server.origin, settings.control_token)
            return _judged(code, control, server.lines_of_turns, given.allow_left)
    except ChildEndedError:
        if signals.received:
            return _BY_SIGNAL + signals.received
        raise


def _run(command: list[str], origin: str, signals: Signals) -> int:
    """The exit code of the command."""
    try:
        process = subprocess.Popen(command, env=_environment(origin))  # noqa: S603
    except OSError as error:
        _say(f"cannot run {command[0]!r}: {error.strerror}")
        return _CANNOT_START
    signals.go_to(process)
    code = process.wait()
    return code if code >= 0 else _BY_SIGNAL - code


def _environment(origin: str) -> dict[str, str]:
    return {
        **os.environ,
        **variables(origin, os.environ),
        settings_module.URL_VARIABLE: origin,
    }


def _judged(
    code: int, control: ControlClient, lines: list[dict[str, Any]], allow_left: bool
) -> int:
    """Say what was played; the exit code that follows from it and from the command's."""
    try:
        played = Played(control, lines)
        for sentence in played.summary():
            _say(sentence)
        for sentence in played.unmet:
            _say(sentence)
        fails = bool(played.unmet) or (bool(played.left) and not allow_left)
        if code or fails or played.beyond:
            print(*transcript(played.entries()), sep="\n", file=sys.stderr)
    except LlmsimError as error:
        _say(str(error))
        return code or 1
    return code or int(fails)


def _say(sentence: str) -> None:
    print(f"llmsim: {sentence}", file=sys.stderr)
