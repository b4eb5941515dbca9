"""`llmsim serve`.

The same server as `gunicorn -c gunicorn.conf.py wsgi:app`, also from an installed wheel.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from gunicorn.app.wsgiapp import WSGIApplication

from llmsim import settings as settings_module

_SCRIPT_KEY = "response.script_path"
_DESCRIPTION = """\
Serve a script over the OpenAI Chat Completions, Responses, OpenResponses and Anthropic Messages
APIs until it is stopped (Ctrl-C, SIGTERM).
SIGHUP reads the script again. Without SCRIPT the demo script plays.
"""


def add_to(subparsers: Any) -> None:
    """Add the subcommand: one option for each setting."""
    parser = subparsers.add_parser(
        "serve",
        help="serve a script",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "script", nargs="?", metavar="SCRIPT", help="a JSON script (LLMSIM_SCRIPT_PATH)"
    )
    for key, item in settings_module.FIELDS.items():
        if key != _SCRIPT_KEY:
            variable = item.metadata["env"][-1]
            default = ",".join(item.default) if isinstance(item.default, tuple) else item.default
            described = (
                f"{item.metadata['help']} ({variable}; default: "
                f"{default if default != '' else 'none'})"
            )
            option = "--" + item.name.replace("_", "-")
            parser.add_argument(
                option, dest=variable, metavar=type(item.default).__name__.upper(), help=described
            )
    parser.set_defaults(run=run)


def run(given: argparse.Namespace) -> int:
    """Become the gunicorn master.

    Options travel as environment variables, so that they win over the file and reach every worker.
    """
    if given.script is not None:
        os.environ["LLMSIM_SCRIPT_PATH"] = given.script
    for variable, value in vars(given).items():
        if variable.startswith("LLMSIM_") and value is not None:
            os.environ[variable] = value
    if given.LLMSIM_BIND is not None:
        for half in ("LLMSIM_HOST", "LLMSIM_PORT"):
            os.environ.pop(half, None)
    settings_module.load()
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
