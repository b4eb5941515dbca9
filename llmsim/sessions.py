"""Sessions: each has a script and a cursor of its own. Here is what may name one."""

from __future__ import annotations

import re
from typing import Final

from llmsim.errors import RequestError

NAME_RULE: Final = "a name is 1 to 64 of the characters A-Z a-z 0-9 . _ - and neither '.' nor '..'"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PATH_STEPS = (".", "..")


def checked_name(name: str) -> str:
    """The name, if it is one: 1 to 64 letters, digits, dots, underscores and hyphens.

    `.` and `..` are none: HTTP clients resolve them as steps in a path.

    Raises:
        RequestError: it is none.
    """
    if _NAME.fullmatch(name) and name not in _PATH_STEPS:
        return name
    message = f"{name[:80]!r} is no session name: {NAME_RULE}"
    raise RequestError(message, param="session", code="invalid_session")
