"""`llmsim validate`: is a script right, and what is in it."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from llmsim import settings as settings_module
from llmsim.cli.script_path import script_path
from llmsim.errors import ScriptError
from llmsim.playback.tracks import lines_of
from llmsim.script import Script
from llmsim.script.folder import folder_warnings, read_folder
from llmsim.script.parse import decode, read_file, read_stream
from llmsim.serving.shared import resolved
from llmsim.settings import Settings


def add_to(subparsers: Any) -> None:
    """Add the subcommand."""
    description = (
        "Check scripts: print every problem with its line and column and exit with 1, or a "
        "summary of the turns and exit with 0. Warnings name what loads and is probably not meant."
    )
    parser = subparsers.add_parser("validate", help="check scripts", description=description)
    parser.add_argument(
        "scripts",
        type=script_path,
        nargs="+",
        metavar="SCRIPT",
        help="a JSON script, or a folder; - is standard input",
    )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Check each script: problems go to standard error, the rest to standard output."""
    settings = settings_module.load()
    return max([_check(path, settings) for path in given.scripts])


def _check(path: str, settings: Settings) -> int:
    return (_check_folder if Path(path).is_dir() else _check_file)(path, settings)


def _check_folder(path: str, settings: Settings) -> int:
    """Check each script of a folder, and what they are together."""
    files = sorted(map(str, Path(path).glob("*.json")))
    if any([_check_file(file, settings) for file in files]):
        return 1
    try:
        scripts = read_folder(path, lambda file: Script.from_file(file, settings.max_script_bytes))
    except ScriptError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{path}: ok, {len(scripts)} script{'s' if len(scripts) > 1 else ''}")
    for warning in folder_warnings(scripts):
        print(f"{path}: {warning.message} (warning)")
    return 0


def _check_file(path: str, settings: Settings) -> int:
    limit = settings.max_script_bytes
    try:
        if path == "-":
            path = "<stdin>"
            data = read_stream(sys.stdin.buffer, path, limit)
        else:
            data = read_file(path, limit)
        text = decode(data, path)
        script = resolved(Script.from_json(text, path, settings.order), settings)
    except ScriptError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{path}: ok, {_summary(script)}")
    for warning in script.warnings(text):
        print(f"{warning.at(path)} (warning)")
    return 0


def _summary(script: Script) -> str:
    """How many turns there are of which kind, and what follows them; the same of each track."""
    if not script.tracks:
        return _turns(script)
    return "; ".join(f"track {line.name}: {_turns(turns)}" for line, turns in lines_of(script))


def _turns(script: Script) -> str:
    counts = Counter(spec["type"] for spec in script.to_spec()["turns"])
    kinds = ", ".join(f"{count} {name}" for name, count in counts.items())
    return (
        f"{len(script)} turn{'s' if len(script) > 1 else ''} ({kinds})"
        f"{' by history' if script.by_history else ''}, then {script.on_exhausted}"
    )
