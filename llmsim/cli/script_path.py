"""The path of a script on the command line."""

from __future__ import annotations

import argparse


def script_path(text: str) -> str:
    """The path as it was given.

    Raises:
        argparse.ArgumentTypeError: it is empty. Elsewhere that is this folder, or the demo script.
    """
    if not text:
        raise argparse.ArgumentTypeError("the path is empty: is a variable not set?")
    return text
