"""Sessions: each has a script and a cursor of its own. Here is what may name one."""

from __future__ import annotations

import re

from llmsim.errors import RequestError

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


def checked_name(name: str) -> str:
    """The name, if it is one: 1 to 64 letters, digits, dots, underscores and hyphens.

    Raises:
        RequestError: it is none.
    """
    if _NAME.fullmatch(name):
        return name
    message = (
        f"{name[:80]!r} is no session name: it takes 1 to 64 of the characters A-Z a-z 0-9 . _ -"
    )
    raise RequestError(message, param="session", code="invalid_session")
