"""JSON in and out, with the two properties that the wire needs.

ASCII only, and integers of any size kept exact.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import orjson

TYPE_NAMES = {
    dict: "an object",
    list: "an array",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def compact(value: Any) -> str:
    """`value` as JSON without white space, escaped to ASCII.

    Raw U+2028, U+2029 and U+0085 are line ends to some SSE readers, so nothing above ASCII may
    stand in a frame.
    """
    return _encode(value)


_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def ascii_json(value: Any) -> bytes:
    """The same as bytes, and several times as fast for what orjson can write.

    Integers of 64 bits, and text that is ASCII anyway.

    The caller knows that every number is finite: orjson writes others as null.
    """
    try:
        written = orjson.dumps(value)
    except TypeError:  # a longer integer, a lone surrogate
        return compact(value).encode("ascii")
    return written if written.isascii() else compact(value).encode("ascii")


def raw_json(value: Any) -> bytes:
    """`value` as JSON in UTF-8, with nothing escaped that need not be.

    A lone surrogate, which UTF-8 cannot hold, leaves the whole of it escaped.
    """
    try:
        return _encode_raw(value).encode()
    except UnicodeEncodeError:
        return ascii_json(value)


_encode_raw = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def parse(body: bytes) -> Any:
    """The JSON value in `body`. Integers above 64 bits are floats.

    orjson is fast and refuses what the standard library takes: lone surrogates, which JavaScript
    agents send when they cut an emoji in two, and numbers of 309 digits and more.

    Raises:
        ValueError: the body is not JSON, not UTF-8, or nested too deeply.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _loaded(body, _integer)


def parse_exactly(body: bytes) -> Any:
    """The same, slower, and with integers as they are.

    Raises:
        ValueError: as `parse`, and where an integer has more than 4,300 digits.
    """
    return _loaded(body, int)


def _loaded(body: bytes, parse_int: Callable[[str], Any]) -> Any:
    try:
        return json.loads(
            body.decode("utf-8-sig"), parse_int=parse_int, parse_constant=_refuse_constant
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _integer(digits: str) -> int | float:
    """An integer of any length, in bounded time.

    Python takes no more than 4,300 digits, since to read more takes ever longer. A longer one
    becomes the float that is nearest and still finite.
    """
    if len(digits) < sys.int_info.default_max_str_digits:
        return int(digits)
    return -sys.float_info.max if digits.startswith("-") else sys.float_info.max


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def type_name(value: Any) -> str:
    """The JSON type of a parsed value, with its article: `a string`, `null`."""
    return TYPE_NAMES.get(type(value), type(value).__name__)
