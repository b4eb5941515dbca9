"""The URL prefix `/s/<session>`.

Every API, by one route table, for every client that takes a base URL.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from llmsim.serving.session import PREFIX_KEY

_PREFIX = "/s/"


class SessionPrefix:
    """WSGI middleware that moves the prefix from the path into the environment.

    As a mount point is moved (PEP 3333, `SCRIPT_NAME`).
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve a request."""
        path: str = environ.get("PATH_INFO", "")
        if path.startswith(_PREFIX):
            name, _, rest = path.removeprefix(_PREFIX).partition("/")
            environ[PREFIX_KEY] = name
            environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}{_PREFIX}{name}"
            environ["PATH_INFO"] = f"/{rest}"
        answered: Iterable[bytes] = self._app(environ, start_response)
        return answered
