"""The servers that are measured: the one that llmsim is compared with, and what is asked of llmsim's between two measurements."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx

from llmsim.store.base import DEFAULT_SESSION
from tests.serving import Server

_HERE = Path(__file__).parent


def bare_server(folder: Path, **variables: str) -> Server:
    """`bare_app` on the settings of llmsim's `gunicorn.conf.py`; `variables` are llmsim's."""
    command = [sys.executable, "-m", "gunicorn", "-c", str(_HERE / "bare_conf.py"), "tests.benchmarks.bare_app:app"]
    return Server(folder, None, command=command, **variables)


def rewind(server: Server) -> int:
    """Rewind the default session, so that its journal is empty; how many entries were dropped since the server's start."""
    sessions = f"{server.origin}/llmsim/sessions"
    httpx.post(sessions, json={"name": DEFAULT_SESSION})  # refused where it is there already
    session = f"{sessions}/{DEFAULT_SESSION}"
    httpx.post(f"{session}/reset").raise_for_status()
    return int(httpx.get(f"{session}/requests").raise_for_status().json()["dropped"])
