"""Reads the settings.

Sources, later ones win: `config/llmsim.toml` (or the file that `LLMSIM_CONFIG` names), `LLMSIM_*`
environment variables, the command line (which sets environment variables for the server that it
starts).
"""

from __future__ import annotations

import dataclasses
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from llmsim.address import bind_address
from llmsim.errors import SettingsError
from llmsim.json_text import type_name
from llmsim.registry import unknown
from llmsim.setting_value import checked, parsed
from llmsim.settings.fields import FIELDS, Settings

CONFIG_VARIABLE = "LLMSIM_CONFIG"
# Where `llmsim run` says to its command where the server is.
URL_VARIABLE = "LLMSIM_URL"
# Read elsewhere: the file's name above, and the two halves of `server.bind`.
_OTHER_VARIABLES = (CONFIG_VARIABLE, "LLMSIM_HOST", "LLMSIM_PORT", URL_VARIABLE)


def config_dir() -> Path:
    """The `config` folder: in a checkout beside the package, in a wheel inside it."""
    package = Path(__file__).parent.parent
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
    found = Settings(**values)
    bind = _bind(found.bind, environ, problems)
    token = _token(found, problems)
    rates = round(found.rate_limit_rate + found.server_error_rate + found.timeout_rate, 9)
    if rates > 1:
        problems.append(f"the rates of [errors] add up to {rates:g}; all requests are 1")
    if problems:
        raise SettingsError(problems)
    return dataclasses.replace(found, bind=bind, control_token=token)


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
            elif (value := checked(FIELDS[key], value, f"{path}: {key}", problems)) is not None:
                yield FIELDS[key].name, value


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> Iterator[tuple[str, Any]]:
    for item in FIELDS.values():
        for variable in item.metadata["env"]:
            if text := environ.get(variable):
                value = checked(item, parsed(item, text), variable, problems)
                if value is not None:
                    yield item.name, value


def _bind(bind: str, environ: Mapping[str, str], problems: list[str]) -> str:
    """`server.bind` in full, with the halves that have a variable of their own replaced."""
    for variable, half in (("LLMSIM_HOST", "host"), ("LLMSIM_PORT", "port")):
        try:
            bind = bind_address(bind, **{half: environ.get(variable, "")})
        except ValueError as error:
            problems.append(f"{variable}: {error}")
    return bind


def _token(found: Settings, problems: list[str]) -> str:
    """`control.token`, or what stands in the file that `control.token_file` names."""
    path = found.control_token_file
    if not path:
        token, source = found.control_token, "control.token (LLMSIM_CONTROL_TOKEN)"
        return _as_sent(token, source, problems) if token else ""
    if found.control_token:
        problems.append("control.token and control.token_file are both set; one is enough")
    source = f"control.token_file: {path}"
    try:
        token = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{source}: {getattr(error, 'strerror', None) or error}")
        return ""
    return _as_sent(token, source, problems)


def _as_sent(token: str, source: str, problems: list[str]) -> str:
    """The token as a header carries it: a secret often has a line end that nobody sends."""
    token = token.strip()
    if not token:
        problems.append(f"{source}: it is empty")
    elif not (token.isascii() and token.isprintable()):
        problems.append(f"{source}: expected visible ASCII characters; a header carries no others")
    return token
