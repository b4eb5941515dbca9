"""The names that gunicorn reads from its configuration file. Importing this has no side effect.

Gunicorn also does so to check the file.

gunicorn's own flags and `GUNICORN_CMD_ARGS` win over what stands here.
"""

from __future__ import annotations

import sys

from llmsim import settings as settings_module
from llmsim.errors import SettingsError
from llmsim.server import workers as worker_classes
from llmsim.server.lifecycle import Lifecycle

try:
    _settings = settings_module.load()
except SettingsError as error:
    # Not an exception: gunicorn would print its traceback.
    sys.exit(f"llmsim: {error}")

_lifecycle = Lifecycle(_settings)

wsgi_app = "llmsim.app:create_served_app()"
bind = _settings.bind
workers = _settings.workers
worker_class = worker_classes.of_settings(_settings.worker_class)
# With more than one, gunicorn silently makes a sync worker a gthread worker.
threads = _settings.threads if _settings.worker_class == "gthread" else 1
preload_app = _settings.preload
keepalive = _settings.keepalive
timeout = _settings.timeout
graceful_timeout = _settings.graceful_timeout
# gunicorn's 1,000 made 300 of 1,300 open streams wait; a stream is a greenlet, and ten thousand of
# them fit.
worker_connections = 10_000
# On by default in the home directory, where several servers would share it.
control_socket_disable = True
proc_name = "llmsim"

on_starting = _lifecycle.on_starting
when_ready = _lifecycle.when_ready
pre_fork = _lifecycle.pre_fork
post_fork = _lifecycle.post_fork
child_exit = _lifecycle.child_exit
worker_exit = _lifecycle.worker_exit
on_reload = _lifecycle.on_reload
pre_exec = _lifecycle.pre_exec
on_exit = _lifecycle.on_exit
