"""Every setting, declared once.

Its name in the TOML file, its environment variables, type, default and help.

Sources, later ones win: `config/llmsim.toml` (or the file that `LLMSIM_CONFIG` names), `LLMSIM_*`
environment variables, the command line (which sets environment variables for the server that it
starts).
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmsim.errors import SettingsError
from llmsim.json_text import type_name
from llmsim.registry import unknown

CONFIG_VARIABLE = "LLMSIM_CONFIG"
WORKER_CLASSES = ("gevent", "gthread", "sync")
# Read elsewhere: the file's name above, and the two halves of `server.bind`.
_OTHER_VARIABLES = (CONFIG_VARIABLE, "LLMSIM_HOST", "LLMSIM_PORT")


def setting(key: str, default: Any, help_text: str, **limits: Any) -> Any:
    """A field of `Settings`. `limits`.

    `env` (variables, the last one set wins), `least`, `choices`.
    """
    metadata = {
        "key": key,
        "help": help_text,
        "env": ("LLMSIM_" + key.partition(".")[2].upper(),),
    } | limits
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force."""

    bind: str = setting(
        "server.bind",
        "127.0.0.1:8080",
        "address to listen on; LLMSIM_HOST and LLMSIM_PORT replace one half of it",
    )
    workers: int = setting(
        "server.workers", 2, "worker processes", least=1, env=("WEB_CONCURRENCY", "LLMSIM_WORKERS")
    )
    worker_class: str = setting(
        "server.worker_class", "gevent", "gunicorn worker class", choices=WORKER_CLASSES
    )
    threads: int = setting(
        "server.threads", 64, "threads of a worker, where worker_class is gthread", least=1
    )
    preload: bool = setting(
        "server.preload",
        True,
        "load the application before the workers are forked, so that they share its memory",
    )
    keepalive: int = setting(
        "server.keepalive", 5, "seconds that an idle connection is kept open", least=0
    )
    timeout: int = setting(
        "server.timeout",
        300,
        "seconds after which a silent worker is replaced; bounds a stream under sync workers",
        least=1,
    )
    graceful_timeout: int = setting(
        "server.graceful_timeout",
        30,
        "seconds that open requests get to finish when the server stops",
        least=0,
    )
    max_body_mb: int = setting("server.max_body_mb", 32, "largest request body, in MiB", least=1)
    script_path: str = setting(
        "response.script_path", "", "the script to play; empty plays the demo script"
    )
    order: str = setting(
        "response.order",
        "arrival",
        "which turn a request gets, where the script does not say: arrival or history",
        choices=("arrival", "history"),
    )
    retry_after: int = setting(
        "response.retry_after", 0, "Retry-After of a 429, in whole seconds", least=0
    )
    max_script_mb: int = setting("response.max_script_mb", 100, "largest script, in MiB", least=1)
    public_url: str = setting(
        "server.public_url",
        "",
        "the URL by which clients reach this server, where a proxy stands before it",
    )
    models: tuple[str, ...] = setting(
        "models.available",
        ("gpt-5", "gpt-5-mini", "claude-sonnet-5", "llmsim"),
        "the models that the models routes list; a request may name any other",
        env=("LLMSIM_MODELS",),
    )
    state_dir: str = setting(
        "store.state_dir",
        "",
        "directory that keeps the cursors over restarts; empty makes a private one for each start",
    )
    max_sessions: int = setting(
        "store.max_sessions", 65_536, "how many sessions there may be", least=1
    )
    lock_timeout: int = setting(
        "store.lock_timeout",
        10,
        "seconds that a request waits for a lock that another process holds, before it gets a 503",
        least=1,
    )
    journal_mode: str = setting(
        "journal.mode",
        "full",
        "what is kept of each request: full, meta (no bodies) or off",
        choices=("full", "meta", "off"),
        env=("LLMSIM_JOURNAL",),
    )
    journal_body_limit_kb: int = setting(
        "journal.body_limit_kb",
        1024,
        "up to which size a request's body is kept whole, in KiB",
        least=0,
        env=("LLMSIM_JOURNAL_BODY_LIMIT_KB",),
    )
    journal_max_mb: int = setting(
        "journal.max_mb",
        256,
        "what all journals may take together, in MiB",
        least=0,
        env=("LLMSIM_JOURNAL_MAX_MB",),
    )
    control_token: str = setting(
        "control.token",
        "",
        "the key that the control API wants; empty wants none",
        env=("LLMSIM_CONTROL_TOKEN",),
    )

    @property
    def max_body_bytes(self) -> int:
        """`server.max_body_mb` in bytes."""
        return self.max_body_mb * 2**20

    @property
    def max_script_bytes(self) -> int:
        """`response.max_script_mb` in bytes."""
        return self.max_script_mb * 2**20


FIELDS = {item.metadata["key"]: item for item in dataclasses.fields(Settings)}


def config_dir() -> Path:
    """The `config` folder: in a checkout beside the package, in a wheel inside it."""
    package = Path(__file__).parent
    installed = package / "config"
    return installed if installed.is_dir() else package.parent / "config"


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: with every problem at once.
    """
    environ = os.environ if environ is None else environ
    problems: list[str] = []
    values = dict(_from_file(environ, problems)) | dict(_from_environment(environ, problems))
    if problems:
        raise SettingsError(problems)
    found = Settings(**values)
    return dataclasses.replace(found, bind=_bind(found.bind, environ))


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """A sentence for each `LLMSIM_*` variable that no setting reads."""
    known = [name for item in FIELDS.values() for name in item.metadata["env"]] + list(
        _OTHER_VARIABLES
    )
    return [
        unknown("environment variable", name, known)
        for name in sorted(environ)
        if name.startswith("LLMSIM_") and name not in known
    ]


def _from_file(environ: Mapping[str, str], problems: list[str]) -> Iterator[tuple[str, Any]]:
    path = Path(environ.get(CONFIG_VARIABLE) or config_dir() / "llmsim.toml")
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        problems.append(f"{path}: {getattr(error, 'strerror', None) or error}")
        return
    for section, table in document.items():
        if not isinstance(table, dict):
            problems.append(
                f"{path}: {section}: expected a table such as [server], got {type_name(table)}"
            )
            continue
        for name, value in table.items():
            key = f"{section}.{name}"
            if key not in FIELDS:
                problems.append(f"{path}: {unknown('setting', key, FIELDS)}")
            elif (checked := _checked(FIELDS[key], value, f"{path}: {key}", problems)) is not None:
                yield FIELDS[key].name, checked


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> Iterator[tuple[str, Any]]:
    for item in FIELDS.values():
        for variable in item.metadata["env"]:
            if text := environ.get(variable):
                value = _checked(item, _parse(item, text), variable, problems)
                if value is not None:
                    yield item.name, value


def _bind(bind: str, environ: Mapping[str, str]) -> str:
    """`server.bind` with the halves that have a variable of their own replaced."""
    host, _, port = bind.rpartition(":")
    return f"{environ.get('LLMSIM_HOST') or host}:{environ.get('LLMSIM_PORT') or port}"


def _parse(item: dataclasses.Field[Any], text: str) -> Any:
    """A variable's text as the setting's type where it can be read so.

    Else it is the text itself, for `_checked` to refuse.
    """
    if isinstance(item.default, bool):
        return {
            "true": True,
            "1": True,
            "yes": True,
            "on": True,
            "false": False,
            "0": False,
            "no": False,
            "off": False,
        }.get(text.lower(), text)
    if isinstance(item.default, int):
        return int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() else text
    if isinstance(item.default, tuple):
        return [part.strip() for part in text.split(",") if part.strip()]
    return text


def _checked(item: dataclasses.Field[Any], value: Any, source: str, problems: list[str]) -> Any:
    """The value, or None after its problem was noted."""
    if (
        isinstance(item.default, tuple)
        and isinstance(value, list)
        and all(isinstance(part, str) for part in value)
    ):
        return tuple(value)
    wrong = _what_is_wrong(item, value)
    if wrong is None:
        return value
    problems.append(f"{source}: {wrong} ({item.metadata['help']})")
    return None


def _what_is_wrong(item: dataclasses.Field[Any], value: Any) -> str | None:
    kinds = {
        bool: "true or false",
        int: "a whole number",
        str: "a string",
        tuple: "a list of strings",
    }
    if type(value) is not type(item.default):
        return f"expected {kinds[type(item.default)]}, got {value!r}"
    least, choices = item.metadata.get("least"), item.metadata.get("choices")
    if least is not None and value < least:
        return f"expected at least {least}, got {value}"
    if choices is not None and value not in choices:
        return unknown("value", str(value), choices)
    return None
