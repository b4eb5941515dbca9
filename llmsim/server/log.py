"""The server's log: what llmsim has to say goes where gunicorn's own lines go."""

from __future__ import annotations

import logging
from typing import Any


class _ToGunicorn(logging.Handler):
    """Hands records to gunicorn's logger, whose handlers are new after each reload."""

    def emit(self, record: logging.LogRecord) -> None:
        logging.getLogger("gunicorn.error").handle(record)


def lead_to_gunicorn(log: Any) -> None:
    """Give llmsim's loggers, and Python's warnings, the handlers and the level of gunicorn's.

    So each line has a time and a process id. `log` is the `gunicorn.glogging.Logger`.
    """
    logging.captureWarnings(True)
    for name in ("llmsim", "py.warnings"):
        logger = logging.getLogger(name)
        logger.handlers = [_ToGunicorn()]
        logger.propagate = False
        logger.setLevel(log.loglevel)
