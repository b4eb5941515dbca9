"""Paths as clients write them, on one route table.

The URL prefix `/s/<session>` serves every API to every client that takes a base URL. A slash that
is doubled, where a base URL ends with one, means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from llmsim.serving.abandoned import catch_up
from llmsim.serving.session import PREFIX_KEY

_PREFIX = "/s/"
_SLASHES = re.compile("//+")
_MODELS = re.compile("/models/+")

# Where the path is kept as it was sent, if it is not the one that is routed.
_SENT_KEY: Final = "llmsim.path"


class SessionPrefix:
    """WSGI middleware that moves the prefix from the path into the environment.

    As a mount point is moved (PEP 3333, `SCRIPT_NAME`).
    """

    def __init__(self, app: Any) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Serve a request."""
        catch_up()
        path: str = environ.get("PATH_INFO", "")
        if path.startswith(_PREFIX) or "//" in path:
            environ[_SENT_KEY] = path
            environ["PATH_INFO"] = _routed(environ, path)
        answered: Iterable[bytes] = self._app(environ, start_response)
        return answered


def sent_path(environ: Mapping[str, Any]) -> str:
    """The path as the client sent it, percent-encoding undone."""
    path: str = environ.get(_SENT_KEY) or environ["PATH_INFO"]
    return path.encode("latin-1").decode("utf-8", "replace")


def _routed(environ: dict[str, Any], path: str) -> str:
    """The path without what means nothing, and without its prefix, which names the session.

    A session's name that was left empty stays empty: no other may take its place.
    """
    path = "/" + path.lstrip("/")
    if path.startswith(_PREFIX):
        name, _, rest = path.removeprefix(_PREFIX).partition("/")
        environ[PREFIX_KEY] = name
        environ["SCRIPT_NAME"] = f"{environ.get('SCRIPT_NAME', '')}{_PREFIX}{name}"
        path = f"/{rest}"
    # The name of a model may hold two slashes (`hf://org/model`).
    found = _MODELS.search(path)
    end = found.end() if found else len(path)
    return _SLASHES.sub("/", path[:end]) + path[end:]
