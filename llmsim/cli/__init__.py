"""The `llmsim` command.

A new subcommand is a module with `add_to` and `run`, and its name in `COMMANDS`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module

from llmsim import __version__
from llmsim.errors import LlmsimError

COMMANDS = ("serve", "run", "verify", "validate", "schema", "play")

_DESCRIPTION = """\
A scripted LLM API simulator. Write the assistant's turns into a JSON script, serve it,
and point any client of OpenAI or Anthropic at it:

  llmsim validate my-script.json
  llmsim serve my-script.json --workers 4
  OPENAI_BASE_URL=http://127.0.0.1:8080/openai/v1 OPENAI_API_KEY=unused my-agent
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    The exit code is 0, 1 for a script, setting or verdict that is wrong, 2 for wrong usage. That of
    `run` is its command's, and 130 is that of Ctrl-C.
    """
    _open_what_is_closed()
    arguments = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(
        "llmsim", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"llmsim {__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in _wanted(arguments):
        import_module(f"llmsim.cli.{name}").add_to(subparsers)
    given = parser.parse_args(arguments)
    try:
        code: int = given.run(given)
        sys.stdout.flush()
    except LlmsimError as error:
        print(f"llmsim: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read the output has had enough; without this, Python would complain once more as
        # it flushes.
        sys.stderr.close()
        return 0
    except OSError as error:  # a full disk, say; and again nothing more is to be said
        print(f"llmsim: {error.strerror or error}", file=sys.stderr)
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _open_what_is_closed() -> None:
    """Lead standard streams that are closed nowhere, where Python has none in their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115


def _wanted(arguments: Sequence[str]) -> Iterable[str]:
    """The command that is named, alone: others import what it has no use for."""
    named = [name for name in COMMANDS if [name] == [*arguments[:1]]]
    return named or COMMANDS
