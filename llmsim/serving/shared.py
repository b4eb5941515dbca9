"""The playback of this process.

Made by the server's start-up hooks and inherited through fork, or opened where no hook ran.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from llmsim.errors import LlmsimError, ScriptError, StartupError, StoreError
from llmsim.latency_profiles import INSTANT, Profile
from llmsim.metrics import host
from llmsim.one_at_a_time import one_at_a_time
from llmsim.playback import Playback
from llmsim.script import ErrorRates, Latency, Limits, Script
from llmsim.script.folder import read_folder
from llmsim.serving.loaded import Loaded
from llmsim.settings import Settings, config_dir
from llmsim.store.engine import Hold
from llmsim.store.engines import engine_of


class Run(NamedTuple):
    """A run of the server: the file that it plays, and its master process.

    `script` is an absolute path, "" where none was loaded; `started` is in seconds since 1970.
    """

    script: str
    pid: int
    started: float


_shared: Playback | None = None
_run = Run("", os.getpid(), time.time())


def load_script(settings: Settings) -> Loaded:
    """What the settings name: a script, or a folder of scripts.

    The demo script where they name none.

    What the settings say of its playing is resolved here and published with it: workers and hosts
    never differ.

    Raises:
        ScriptError: it cannot be read, parsed or used.
    """
    path = settings.script_path or str(config_dir() / "scripts" / "demo.json")
    if os.path.isdir(path):
        return Loaded(path, None, read_folder(path, lambda file: _read(file, settings)))
    return Loaded(path, _read(path, settings))


def _read(path: str, settings: Settings) -> Script:
    return resolved(Script.from_file(path, settings.max_script_bytes, settings.order), settings)


def resolved(script: Script, settings: Settings) -> Script:
    """The script of a file, with what the settings say where it does not.

    Raises:
        ScriptInvalidError: the rates of errors add up to more than 1.
    """
    return with_settings(script.with_order(settings.order), settings)


def with_settings(script: Script, settings: Settings) -> Script:
    """A script, wherever it came from, with what the settings say for all of them.

    Raises:
        ScriptInvalidError: the rates of errors add up to more than 1.
    """
    errors = ErrorRates(settings.rate_limit_rate, settings.server_error_rate, settings.timeout_rate)
    limits = Limits(settings.requests_per_minute, settings.tokens_per_minute, settings.limits_by)
    return script.with_defaults(errors, limits).with_latency(*latency_of(settings))


def latency_of(settings: Settings) -> tuple[Latency | None, int | None]:
    """The latency and the seed of scripts that say none; None where there is nothing to say."""
    numbers = {key: value for key in Profile._fields if (value := getattr(settings, key)) >= 0}
    latency = Latency(
        settings.latency_profile,
        ttft_per_1k_prompt_tokens_ms=settings.ttft_per_1k_prompt_tokens_ms or None,
        scale=None if settings.latency_scale == 1 else settings.latency_scale,
        **numbers,
    )
    return (None if latency == Latency(INSTANT) else latency), settings.seed or None


def share(playback: Playback, script_path: str) -> None:
    """Let every application in this process, and in those forked from it, play from `playback`.

    Its default script was loaded from `script_path`.
    """
    global _shared, _run  # noqa: PLW0603 - one server a process: that is the fact they record
    _shared = playback
    _run = Run(os.path.abspath(script_path), os.getpid(), time.time())


def count_in(settings: Settings, hold: Hold, *, begins: bool) -> None:
    """Let this process, and those forked from it, count requests as the settings say.

    `begins` says that they are the first to do so in what is held.

    Raises:
        StartupError: nothing can be written there.
    """
    if not settings.metrics:
        host.count_nothing()
        return
    try:
        host.count_in(hold.directory, begins=begins)
    except OSError as error:
        raise StartupError(
            f"cannot keep the metrics in {hold.directory}: {error.strerror}"
        ) from error


def run() -> Run:
    """The run that this process belongs to."""
    return _run


def shared(settings: Settings, environ: Mapping[str, Any]) -> Playback:
    """The playback of this process.

    Where no start-up hook made one, it is opened here, if that can be done exactly.

    Raises:
        StoreError: each worker would have a cursor of its own.
    """
    if _shared is None:
        with one_at_a_time("opening the state"):  # which may wait for the store's lock, and yield
            if _shared is None:
                try:
                    share(*_open_without_hooks(settings, environ))
                except (ScriptError, StartupError) as error:
                    raise StoreError(str(error)) from error
    assert _shared is not None  # noqa: S101 - set just now
    return _shared


def _open_without_hooks(settings: Settings, environ: Mapping[str, Any]) -> tuple[Playback, str]:
    """The playback, and its script's path, under a server that did not run llmsim's hooks.

    A development server, a test client, another WSGI server.
    """
    loaded = load_script(settings)
    # gunicorn calls one worker "not multiprocess", and more may come at any time.
    is_gunicorn = str(environ.get("SERVER_SOFTWARE", "")).startswith("gunicorn")
    hold, publishes = engine_of(settings).join(
        may_be_many=bool(environ.get("wsgi.multiprocess")) or is_gunicorn
    )
    playback = Playback(hold.store)
    try:
        if not publishes and playback.store.published() is None:
            raise StoreError(
                "Another worker is just starting and has not published its script yet; ask again."
            )
        count_in(settings, hold, begins=publishes)
        if publishes:
            loaded.publish(playback)
    except LlmsimError:
        hold.release()  # or the next try would not be the first
        raise
    return playback, loaded.path
