"""gunicorn's worker classes, each with what llmsim adds to it: a stop that waits for answers alone.

gunicorn's own wait for connections on which nothing happens, until their time is up. The gevent
worker of the settings also reads and writes HTTP in less time; that of gunicorn's command line
(`-k gevent`) leaves this to gunicorn.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_GEVENT = f"{__name__}.gevent_worker.GeventWorker"

# By name: only the one that is used is imported, with gevent or without.
_OURS = {
    "gunicorn.workers.ggevent.GeventWorker": _GEVENT,
    "gunicorn.workers.gthread.ThreadWorker": f"{__name__}.thread_worker.ThreadWorker",
    "gunicorn.workers.sync.SyncWorker": f"{__name__}.sync_worker.SyncWorker",
}


def of_settings(worker_class: str) -> str:
    """What gunicorn's configuration calls the worker class that is called so in the settings."""
    return _GEVENT if worker_class == "gevent" else worker_class


def name_of(cfg: Any) -> str:
    """What a user calls the worker class of gunicorn's configuration."""
    return "gevent" if cfg.worker_class_str == _GEVENT else str(cfg.worker_class_str)


def ours(worker_class: type, log: Any) -> type:
    """The worker class of llmsim for one of gunicorn's configuration; any other stays as it is."""
    name = f"{worker_class.__module__}.{worker_class.__qualname__}"
    if name == _GEVENT:
        return _fast(worker_class, log)
    return _found(_OURS[name]) if name in _OURS else worker_class


def _fast(worker_class: type, log: Any) -> type:
    """The fast gevent worker, if it gets on with this gunicorn."""
    try:
        fast = import_module(f"{__name__}.fast_worker")
        fast.try_out()
    except Exception as error:
        log.warning("llmsim: this gunicorn serves HTTP in its own way, more slowly: %r", error)
        return worker_class
    found: type = fast.FastWorker
    return found


def _found(name: str) -> type:
    module, _, attribute = name.rpartition(".")
    found: type = getattr(import_module(module), attribute)
    return found
