"""The server that llmsim is compared with."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.serving import Server

_HERE = Path(__file__).parent


def bare_server(folder: Path, **variables: str) -> Server:
    """`bare_app` on the settings of llmsim's `gunicorn.conf.py`; `variables` are llmsim's."""
    command = [sys.executable, "-m", "gunicorn", "-c", str(_HERE / "bare_conf.py"), "tests.benchmarks.bare_app:app"]
    return Server(folder, None, command=command, **variables)
