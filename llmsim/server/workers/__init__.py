"""gunicorn's worker classes, each with what llmsim adds to it: a stop that waits for answers alone.

gunicorn's own wait for connections on which nothing happens, until their time is up.
"""

from __future__ import annotations

from importlib import import_module

# By module: only the one that is used is imported, with gevent or without.
_OURS = {
    "gunicorn.workers.ggevent.GeventWorker": "gevent_worker.GeventWorker",
    "gunicorn.workers.gthread.ThreadWorker": "thread_worker.ThreadWorker",
    "gunicorn.workers.sync.SyncWorker": "sync_worker.SyncWorker",
}


def ours(worker_class: type) -> type:
    """The worker class of llmsim for one of gunicorn's own; any other stays as it is."""
    name = _OURS.get(f"{worker_class.__module__}.{worker_class.__qualname__}")
    if name is None:
        return worker_class
    module, _, attribute = name.partition(".")
    found: type = getattr(import_module(f"{__name__}.{module}"), attribute)
    return found
