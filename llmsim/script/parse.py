"""From a file to a parsed JSON value.

Every way in which that can fail is a `ScriptError` that has a line and a column.
"""

from __future__ import annotations

import json
import math
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from llmsim.errors import Problem, ScriptParseError, ScriptReadError
from llmsim.script import positions, syntax

_BOM = "\ufeff"


def read_file(path: str | os.PathLike[str], max_bytes: int) -> bytes:
    """The bytes of a regular file.

    Raises:
        ScriptReadError: it is missing, no regular file, not readable, or holds more than
            `max_bytes`.
    """
    source = os.fspath(path)
    try:
        if reason := _unreadable(os.stat(path), max_bytes):
            raise ScriptReadError(source, reason)
        return Path(path).read_bytes()
    except OSError as error:
        raise ScriptReadError(source, error.strerror or str(error)) from error
    except ValueError as error:  # a null character in the path
        raise ScriptReadError(source, str(error)) from error


def read_stream(stream: BinaryIO, source: str, max_bytes: int) -> bytes:
    """All that is left in a stream.

    Raises:
        ScriptReadError: that is more than `max_bytes`.
    """
    data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ScriptReadError(source, _too_large(len(data), max_bytes, "at least "))
    return data


def _unreadable(status: os.stat_result, max_bytes: int) -> str | None:
    """Looked at before the file is opened: opening a FIFO would wait for a writer."""
    if stat.S_ISDIR(status.st_mode):
        return "it is a directory"
    if not stat.S_ISREG(status.st_mode):
        return "it is not a regular file"
    return _too_large(status.st_size, max_bytes) if status.st_size > max_bytes else None


def _too_large(size: int, limit: int, how_exact: str = "") -> str:
    return (
        f"it holds {how_exact}{size:,} bytes, more than the limit of {limit:,}; the setting "
        "response.max_script_mb raises it"
    )


def decode(data: bytes, source: str) -> str:
    """`data` as text, without a byte order mark.

    Raises:
        ScriptParseError: it is not UTF-8.
    """
    try:
        return data.decode().removeprefix(_BOM)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode().removeprefix(_BOM)
        line, column = positions.Lines(before).place(len(before))
        message = f"not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start:,}"
        raise ScriptParseError(source, [Problem(message, "$", line, column)]) from None


def parse(text: str, source: str) -> Any:
    """The JSON value in `text`, read as strictly as RFC 8259 allows.

    Raises:
        ScriptParseError: bad syntax, a duplicate key, a number that is not finite or too long, or
            nesting that is too deep.
    """
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_refuse
        )
    except json.JSONDecodeError as error:
        message, offset = syntax.repair(text, error)
        place = positions.Lines(text).place(offset)
        problem = Problem(f"not JSON: {message}", "$", *place)
        raise ScriptParseError(source, [problem]) from None
    except (ValueError, RecursionError):
        # The hooks do not know where they are; the scan does. It finds nothing only where the
        # caller left next to no stack.
        raise ScriptParseError(
            source,
            positions.problems(text, positions.scan(text))
            or [Problem("nested too deeply", "$", 1, 1)],
        ) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("duplicate key")
    return made


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def _refuse(_literal: str) -> NoReturn:
    raise ValueError("not a number")
