"""gunicorn's settings as llmsim has them, without its application, hooks and worker class."""

from __future__ import annotations

from typing import Any

from llmsim.server import ports
from llmsim.server.gunicorn_config import (  # noqa: F401 - gunicorn reads them from here
    bind,
    control_socket_disable,
    graceful_timeout,
    keepalive,
    preload_app,
    threads,
    timeout,
    worker_connections,
    workers,
)

worker_class = "gevent"  # gunicorn's own


def when_ready(server: Any) -> None:
    """Say the address in the words that `tests.serving.Server` waits for."""
    server.log.info("bare; base URLs: %s/openai/v1", ports.origin(server.LISTENERS))
