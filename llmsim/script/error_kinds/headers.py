"""`retry_after` and `headers` of an error: HTTP headers that it adds to its answer."""

from __future__ import annotations

import re
from typing import Any

from llmsim.script.fields import Checked, Optional
from llmsim.script.rules import an_integer, expected

_MOST_SECONDS = 86_400
# https://www.rfc-editor.org/rfc/rfc9110#name-field-names and the values below it, in ASCII.
_NAME = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
_VALUE = "^([!-~]([ \t!-~]*[!-~])?)?$"
# What frames the answer is the server's, and so is what proves the order.
_SERVERS = (
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "server",
    "trailer",
    "transfer-encoding",
    "upgrade",
)
_PROOF = "x-llmsim-"


def a_retry_after(value: Any) -> str | None:
    """Whole seconds, up to a day."""
    if problem := an_integer(value):
        return problem
    if 0 <= value <= _MOST_SECONDS:
        return None
    return f"expected an integer from 0 to {_MOST_SECONDS}, got {value}"


def a_headers(value: Any) -> str | None:
    """An object of header names and their values."""
    if not isinstance(value, dict):
        return expected("an object", value)
    problems = (_wrong(name, text) for name, text in value.items())
    return next((problem for problem in problems if problem), None)


def retry_after() -> Checked:
    """The key `retry_after`."""
    return Optional(
        a_retry_after,
        {"type": "integer", "minimum": 0, "maximum": _MOST_SECONDS},
        "The header Retry-After, in whole seconds.",
        load_default=None,
    )


def headers() -> Checked:
    """The key `headers`."""
    return Optional(
        a_headers,
        {
            "type": "object",
            "propertyNames": {"pattern": _NAME},
            "additionalProperties": {"type": "string", "pattern": _VALUE},
        },
        "HTTP headers that the answer gets besides its own, or in their place.",
        load_default=None,
    )


def _wrong(name: Any, text: Any) -> str | None:
    if not isinstance(name, str) or not re.fullmatch(_NAME[1:-1], name):
        return f"{name!r} is no name of a header"
    if name.lower() in _SERVERS or name.lower().startswith(_PROOF):
        return f"the header {name!r} is the server's own"
    if not isinstance(text, str):
        return f"the header {name!r}: {expected('a string', text)}"
    if not re.fullmatch(_VALUE[1:-1], text):
        return f"the header {name!r}: expected visible ASCII characters, without blanks at the ends"
    return None
