"""`llmsim serve`.

The same server as `gunicorn -c gunicorn.conf.py wsgi:app`, also from an installed wheel.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from typing import Any

from gunicorn.app.wsgiapp import WSGIApplication

from llmsim import settings as settings_module
from llmsim.apis import APIS
from llmsim.cli.script_path import script_path
from llmsim.errors import SettingsError

# None is an option: the script is what is served, and a command line is no place for a secret. The
# store's URL may hold one.
_NO_OPTION = ("response.script_path", "control.token", "store.url")
_KINDS = {bool: "true|false", int: "N", float: "X", str: "TEXT", tuple: "TEXT,TEXT,..."}
_DESCRIPTION = """\
Serve a script until it is stopped (Ctrl-C, SIGTERM). Without SCRIPT the demo script plays.
SIGHUP reads the script again, and with --watch any change of it does.

OpenAI Chat Completions, Responses, OpenResponses and Anthropic Messages are served at
"""


def add_to(subparsers: Any) -> None:
    """Add the subcommand: one option for each setting."""
    routes = "\n".join(f"  POST {route}" for api in APIS for route in api.routes)
    parser = subparsers.add_parser(
        "serve",
        help="serve a script",
        usage="llmsim serve [SCRIPT] [OPTION...]",
        description=_DESCRIPTION + routes,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "script",
        type=script_path,
        nargs="?",
        metavar="SCRIPT",
        help="a JSON script, or a folder of scripts (LLMSIM_SCRIPT_PATH)",
    )
    for half in ("host", "port"):
        variable = f"LLMSIM_{half.upper()}"
        described = f"the {half} of the address to listen on ({variable}), in the place of --bind's"
        parser.add_argument(f"--{half}", dest=variable, metavar=half.upper(), help=described)
    parser.add_argument("--control-token", nargs="?", action=_Secret, help=argparse.SUPPRESS)
    for key, item in settings_module.FIELDS.items():
        if key not in _NO_OPTION:
            _add_option(parser, item)
    parser.set_defaults(run=run)


def _add_option(parser: argparse.ArgumentParser, item: dataclasses.Field[Any]) -> None:
    """The option of one setting. It sets the setting's variable."""
    metadata, default = item.metadata, item.default
    shown = metadata.get("shown") or "|".join(metadata.get("choices", ())) or _KINDS[type(default)]
    if isinstance(default, bool):
        default = str(default).lower()
    elif isinstance(default, tuple):
        default = ",".join(default)
    variable = metadata["env"][-1]
    described = f"{metadata['help']} ({variable}; default: {default if default != '' else 'none'})"
    if item.name == "watch":
        parser.add_argument(
            _option(item), dest=variable, action="store_const", const="true", help=described
        )
        return
    parser.add_argument(_option(item), dest=variable, metavar=shown, help=described)


def _option(item: dataclasses.Field[Any]) -> str:
    return "--" + item.name.replace("_", "-")


def _as_given(problem: str, given: argparse.Namespace) -> str:
    """A problem of a setting, with the option in the place of the variable that it has set."""
    variable, _, rest = problem.partition(": ")
    if vars(given).get(variable) is None:
        return problem
    options = {item.metadata["env"][-1]: _option(item) for item in settings_module.FIELDS.values()}
    half = variable.removeprefix("LLMSIM_").lower()
    return f"{options.get(variable, f'--{half}')}: {rest}"


class _Secret(argparse.Action):
    """Refuses a key on the command line, where every user of the machine can read it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        parser.error(
            "--control-token: other users of this machine can read a command line; set "
            "LLMSIM_CONTROL_TOKEN, or name a file that holds the key: --control-token-file FILE"
        )


def run(given: argparse.Namespace) -> int:
    """Become the gunicorn master.

    Options travel as environment variables, so that they win over the file and reach every worker.
    """
    if given.script is not None:
        os.environ["LLMSIM_SCRIPT_PATH"] = given.script
    if given.LLMSIM_BIND is not None:
        for half in ("LLMSIM_HOST", "LLMSIM_PORT"):
            os.environ.pop(half, None)
    for variable, value in vars(given).items():
        if variable.startswith("LLMSIM_") and value is not None:
            os.environ[variable] = value
    try:
        settings_module.load()
    except SettingsError as error:
        raise SettingsError([_as_given(problem, given) for problem in error.problems]) from None
    _Server(prog="llmsim serve").run()
    return 0


class _Server(WSGIApplication):
    """gunicorn with llmsim's configuration and without a command line of its own.

    `GUNICORN_CMD_ARGS` still counts.
    """

    def load_config(self) -> None:
        arguments, sys.argv = (
            sys.argv,
            ["llmsim", "--config", "python:llmsim.server.gunicorn_config"],
        )
        try:
            super().load_config()
        finally:
            sys.argv = arguments
