"""What llmsim does when a gunicorn server starts, reloads, re-executes itself and ends.

Once the server runs, a hook must not raise: gunicorn's master would die of it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from llmsim import __version__, tokens
from llmsim.errors import LlmsimError, StartupError
from llmsim.metrics import host
from llmsim.playback import Playback
from llmsim.server import ports, ready_file, watch, workers
from llmsim.server.log import lead_to_gunicorn
from llmsim.server.worker_forks import WorkerForks
from llmsim.server.workers.bad_heads import answer_in_json
from llmsim.serving import once
from llmsim.serving.loaded import Loaded
from llmsim.serving.shared import count_in, load_script, share
from llmsim.serving.urls import base_urls
from llmsim.settings import Settings, unknown_variables
from llmsim.store.base import DEFAULT_SESSION
from llmsim.store.engine import Engine, Hold
from llmsim.store.engines import engine_of

# Names what the state is in to the program that a USR2 executes; gunicorn gives that one the
# environment it started with, and what is put here.
_HANDED_OVER = "_LLMSIM_HANDED_OVER_STATE"

# What a worker has open besides its connections: the state, the log, 64 journals.
_OTHER_FILES = 128


class Lifecycle:
    """The hooks of one server, bound as gunicorn's settings of the same names.

    `server` is the `gunicorn.arbiter.Arbiter`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._loaded: Loaded | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self._engine: Engine | None = None
        self._hold: Hold | None = None
        self._playback: Playback | None = None
        self._forks: WorkerForks | None = None

    def on_starting(self, server: Any) -> None:
        """Before the port is bound: everything that can be wrong is found here."""
        # Until `when_ready`: all that a start makes is to stay, and to look through it again and
        # again takes long.
        gc.disable()
        _set_up(server, self._settings)
        for warning in unknown_variables(os.environ):
            server.log.warning("llmsim: %s", warning)
        with self._refusing_to_start(server):
            self._engine = engine_of(self._settings)
            _check_user(server.cfg, self._settings)
            self._loaded = load_script(self._settings)
            ports.check_free(server)
        if self._settings.ready_file and not server.master_pid:
            ready_file.remove(self._settings.ready_file)  # of an earlier run that was killed

    def when_ready(self, server: Any) -> None:
        """After the port is bound and before the first worker is forked."""
        with self._refusing_to_start(server):
            handed_over = os.environ.pop(_HANDED_OVER, "")
            assert self._engine is not None  # noqa: S101 - on_starting has made it
            self._hold = self._engine.hold(handed_over)
            count_in(self._settings, self._hold, begins=not handed_over)
            self._playback = Playback(self._hold.store)
            had_script = self._playback.store.published() is not None
            assert self._loaded is not None  # noqa: S101 - on_starting has loaded it
            rewound = self._loaded.publish(self._playback) and had_script
        share(self._playback, self._loaded.path)
        if rewound:
            server.log.info(
                "llmsim: the script has changed since the last run; every cursor is back at 0"
            )
        elif had_script:
            server.log.info(
                "llmsim: continuing at position %d",
                _position(self._playback),
            )
        _prepare_for_fork()
        self._forks = WorkerForks()
        server.log.info("%s", self._start_line(server))
        self._warn_of_others(server)
        if self._settings.watch:
            self._watcher = watch.start(self._loaded.path)
        if self._settings.ready_file:
            with self._refusing_to_start(server):
                self._write_ready_file(server)

    def pre_fork(self, _server: Any, _worker: Any) -> None:
        """Before each fork of a worker."""
        if self._forks is not None:
            self._forks.begin()

    def post_fork(self, _server: Any, _worker: Any) -> None:
        """In each worker.

        The hold on the state ends with the master, not with its last worker.
        """
        if self._hold is not None:
            self._hold.forget()

    def child_exit(self, server: Any, _worker: Any) -> None:
        """A worker is dead, however it died: what it has counted goes to that of the dead."""
        try:
            host.fold()
        except Exception:
            server.log.exception("llmsim: cannot put the metrics together")

    def worker_exit(self, _server: Any, _worker: Any) -> None:
        """End the process here: what it knows is in files, and every line of its log is out.

        To take the interpreter down costs 0.1 s and more, nearly all of it for copies of pages that
        were the master's until then. It would also wait for threads that serve, which SIGQUIT is
        not to do, and print a traceback wherever a repeated signal of the master comes in between.
        """
        leaving = (
            sys.exception()
        )  # gunicorn calls this while the one that ends the worker is on its way
        os._exit(
            leaving.code if isinstance(leaving, SystemExit) and isinstance(leaving.code, int) else 1
        )

    def on_reload(self, server: Any) -> None:
        """SIGHUP: read the script again. Unchanged, nothing rewinds; wrong, the old one goes on."""
        _set_up(server, self._settings)
        try:
            loaded = load_script(self._settings)
            assert self._playback is not None  # noqa: S101 - when_ready has made it
            if loaded.publish(self._playback):
                rewound = "what has changed" if loaded.folder else "every session that plays it"
                server.log.info(
                    "llmsim: reloaded %s (%s); %s is back at 0", loaded.path, loaded.size, rewound
                )
            else:
                server.log.info("llmsim: %s is unchanged; cursors go on", loaded.path)
        except Exception as error:
            server.log.error("llmsim: the script was not reloaded, the old one goes on:")
            for line in str(error).splitlines():
                server.log.error("llmsim: %s", line)

    def pre_exec(self, server: Any) -> None:
        """USR2.

        Hand the state over to the new program, or two cursors would serve one port.
        """
        if self._hold is not None:
            server.cfg.env_orig[_HANDED_OVER] = self._hold.hand_over()

    def on_exit(self, server: Any) -> None:
        """TERM, INT, QUIT.

        Let go of the state and the ready file, unless a master before or after this one
        serves from them.
        """
        if self._watcher is not None:
            self._watcher.terminate()
        # gunicorn forgets a master that it outlived only once a second, so ask who the parent is.
        master_before_lives = server.master_pid and server.master_pid == os.getppid()
        if self._hold is not None and not server.reexec_pid and not master_before_lives:
            self._hold.release()
            if self._settings.ready_file:
                ready_file.remove(self._settings.ready_file)

    @contextlib.contextmanager
    def _refusing_to_start(self, server: Any) -> Iterator[None]:
        """Let go of all, and say why, where a start fails.

        Gunicorn prints a RuntimeError as one message and exits with 1; others are tracebacks. Where
        the log is not on the terminal it says so, too: of a daemon nothing else is seen.
        """
        try:
            yield
        except (LlmsimError, OSError) as error:
            message = f"llmsim cannot start: {error}"
            if server.cfg.errorlog != "-" or server.cfg.syslog:
                for line in message.splitlines():
                    server.log.error("%s", line)
            self.on_exit(server)  # gunicorn does not call it then
            raise RuntimeError(message) from error

    def _write_ready_file(self, server: Any) -> None:
        try:
            ready_file.write(self._settings.ready_file, self._reached_at(server))
        except OSError as error:
            path = self._settings.ready_file
            raise StartupError(f"cannot write the ready file {path}: {error.strerror}") from error

    def _reached_at(self, server: Any) -> dict[str, Any]:
        origin = _origin(server)
        assert self._loaded is not None  # noqa: S101 - on_starting has loaded it
        return {
            "name": "llmsim",
            "version": __version__,
            "pid": os.getpid(),
            "turns": self._loaded.turns,
            "lines": self._loaded.lines,
            "origin": origin,
            "base_urls": base_urls(self._settings, origin),
        }

    def _warn_of_others(self, server: Any) -> None:
        if places := ports.open_to_others(server.LISTENERS):
            token = (
                ""
                if self._settings.control_token
                else ", and the control API wants no token (LLMSIM_CONTROL_TOKEN)"
            )
            server.log.warning(
                "llmsim: anyone who reaches %s can use this server%s", " or ".join(places), token
            )

    def _start_line(self, server: Any) -> str:
        origin = _origin(server)
        assert self._loaded is not None  # noqa: S101 - on_starting has loaded it
        return (
            f"llmsim {__version__} plays {self._loaded.path} "
            f"({self._loaded.summary}) "
            f"on {server.cfg.workers} {workers.name_of(server.cfg)} workers; base URLs: "
            f"{' '.join(base_urls(self._settings, origin).values())}"
        )


def _origin(server: Any) -> str:
    return ports.origin(server.LISTENERS, "https" if server.cfg.is_ssl else "http")


def _set_up(server: Any, settings: Settings) -> None:
    """What a reload of gunicorn's configuration undoes."""
    _use_threads(server.cfg, settings)
    _use_files(server)
    server.worker_class = workers.ours(server.worker_class, server.log)
    answer_in_json()
    lead_to_gunicorn(server.log)


def _position(playback: Playback) -> int:
    session, _ = playback.standing(DEFAULT_SESSION)
    return session.position if session else 0


def _check_user(cfg: Any, settings: Settings) -> None:
    """Refuse workers of another user: they would answer each request with a 503.

    Raises:
        StartupError: the state is in files, and they could not open them.
    """
    if settings.store_url == "mmap" and cfg.uid != os.geteuid():
        raise StartupError(
            f"workers of user id {cfg.uid} (--user) could not open the state files, which are for "
            f"user id {os.geteuid()} alone; start gunicorn as the user that is to serve"
        )


def _use_threads(cfg: Any, settings: Settings) -> None:
    """Give threads to `-k gthread` of gunicorn's command line.

    It comes after the configuration file was read, which then chose one thread.
    """
    if cfg.worker_class_str == "gthread" and cfg.threads == 1:
        cfg.set("threads", settings.threads)


def _use_files(server: Any) -> None:
    """Let a worker hold as many connections as it can open files, and no more.

    A connection without a file would be a traceback in the log, again and again.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(
        ValueError, OSError
    ):  # macOS calls its limit unlimited and refuses to set it
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    connections = max(files - _OTHER_FILES, files // 2)
    if files != resource.RLIM_INFINITY and connections < server.cfg.worker_connections:
        server.cfg.set("worker_connections", connections)
        server.log.warning(
            "llmsim: a worker serves %d connections at once, as it may open no more than %d files "
            "(ulimit -n)",
            connections,
            files,
        )


def _prepare_for_fork() -> None:
    """Load what every worker needs into pages that they share."""
    tokens.load()
    once.prepare()
    gc.freeze()
    gc.enable()
