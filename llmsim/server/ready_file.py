"""The file that says how a server is reached, once it is ready."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmsim.json_text import compact


def write(path: str, content: Mapping[str, Any]) -> None:
    """Write the file in one step: a reader finds all of it, or nothing.

    Raises:
        OSError: it cannot be written.
    """
    part = Path(f"{path}.{os.getpid()}.part")
    try:
        part.write_text(compact(content) + "\n", "utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def remove(path: str) -> None:
    """Remove the file, where there is one: what it says is not so."""
    with contextlib.suppress(OSError):
        Path(path).unlink()
