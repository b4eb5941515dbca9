"""`llmsim schema`: the JSON Schema of scripts, for editors."""

from __future__ import annotations

import argparse
import json
from typing import Any

from llmsim.script import json_schema


def add_to(subparsers: Any) -> None:
    """Add the subcommand."""
    description = (
        'Print the JSON Schema of the script format. Save it, and name it as "$schema" in a '
        "script for completion in an editor."
    )
    subparsers.add_parser(
        "schema", help="print the JSON Schema of scripts", description=description
    ).set_defaults(run=run)


def run(_given: argparse.Namespace) -> int:
    """Print it."""
    print(json.dumps(json_schema(), indent=2))
    return 0
