"""Settings: where they come from, what is refused, and that what is written about them is true."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from llmsim import settings
from llmsim.errors import SettingsError
from llmsim.settings import FIELDS, Settings
from tests.running import ROOT


def problems(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        settings.load(environ)
    return caught.value.problems


def config_file(tmp_path: Path, content: str) -> dict[str, str]:
    path = tmp_path / "llmsim.toml"
    path.write_text(content, "utf-8")
    return {"LLMSIM_CONFIG": str(path)}


def test_the_file_that_is_shipped_holds_every_setting_at_its_default() -> None:
    document = tomllib.loads((ROOT / "config" / "llmsim.toml").read_text("utf-8"))
    written = {
        f"{section}.{name}": value
        for section, table in document.items()
        for name, value in table.items()
    }
    assert written == {
        key: list(item.default) if isinstance(item.default, tuple) else item.default
        for key, item in FIELDS.items()
    }


def test_the_file_that_is_shipped_names_every_variable() -> None:
    text = (ROOT / "config" / "llmsim.toml").read_text("utf-8")
    assert [
        name for item in FIELDS.values() for name in item.metadata["env"] if name not in text
    ] == []


def test_the_readme_lists_every_setting_as_it_is() -> None:
    assert settings_table() in (ROOT / "README.md").read_text("utf-8")


def settings_table() -> str:
    """The rows of the README's table of settings; print them to renew it."""
    rows = []
    for key, item in FIELDS.items():
        default = (
            ", ".join(item.default)
            if isinstance(item.default, tuple)
            else str(item.default).lower()
        )
        variables = ", ".join(f"`{name}`" for name in reversed(item.metadata["env"]))
        rows.append(
            f"| `{key}` | {variables} | {f'`{default}`' if default else 'none'} | "
            f"{item.metadata['help']} |"
        )
    return "\n".join(rows)


def test_without_anything_set_the_defaults_are_in_force() -> None:
    assert settings.load({}) == Settings()


def test_a_variable_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    environ = config_file(tmp_path, "[server]\nworkers = 5\nthreads = 7\n") | {
        "LLMSIM_WORKERS": "6"
    }
    found = settings.load(environ)
    assert (found.workers, found.threads, found.keepalive) == (6, 7, 5)


def test_llmsim_workers_wins_over_web_concurrency() -> None:
    assert settings.load({"WEB_CONCURRENCY": "3"}).workers == 3
    assert settings.load({"WEB_CONCURRENCY": "3", "LLMSIM_WORKERS": "4"}).workers == 4


@pytest.mark.parametrize(
    ("environ", "bind"),
    [
        ({"LLMSIM_BIND": "0.0.0.0:9000"}, "0.0.0.0:9000"),
        ({"LLMSIM_PORT": "9000"}, "127.0.0.1:9000"),
        ({"LLMSIM_HOST": "0.0.0.0"}, "0.0.0.0:8080"),
        ({"LLMSIM_BIND": "0.0.0.0:9000", "LLMSIM_PORT": "1"}, "0.0.0.0:1"),
        ({"LLMSIM_HOST": "[::1]", "LLMSIM_PORT": "1"}, "[::1]:1"),
    ],
)
def test_host_and_port_replace_one_half_of_the_address(environ: dict[str, str], bind: str) -> None:
    assert settings.load(environ).bind == bind


def test_the_port_replaces_that_of_the_file(tmp_path: Path) -> None:
    assert (
        settings.load(
            config_file(tmp_path, '[server]\nbind = "0.0.0.0:9000"\n') | {"LLMSIM_PORT": "1"}
        ).bind
        == "0.0.0.0:1"
    )


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            "LLMSIM_WORKERS",
            "many",
            "LLMSIM_WORKERS: expected a whole number, got 'many' (worker processes)",
        ),
        ("LLMSIM_WORKERS", "0", "LLMSIM_WORKERS: expected at least 1, got 0 (worker processes)"),
        (
            "LLMSIM_WORKERS",
            "2.5",
            "LLMSIM_WORKERS: expected a whole number, got '2.5' (worker processes)",
        ),
        (
            "LLMSIM_RETRY_AFTER",
            "-1",
            (
                "LLMSIM_RETRY_AFTER: expected at least 0, got -1 (Retry-After of a 429, in whole "
                "seconds)"
            ),
        ),
        (
            "LLMSIM_WORKER_CLASS",
            "gevnt",
            (
                "LLMSIM_WORKER_CLASS: unknown value 'gevnt'; expected one of 'gevent', "
                "'gthread', 'sync'; did you mean 'gevent'? (gunicorn worker class)"
            ),
        ),
    ],
)
def test_a_wrong_variable_is_refused_by_name(variable: str, value: str, message: str) -> None:
    assert problems({variable: value}) == (message,)


def test_a_preload_that_is_neither_true_nor_false_is_refused() -> None:
    assert problems({"LLMSIM_PRELOAD": "maybe"})[0].startswith(
        "LLMSIM_PRELOAD: expected true or false, got 'maybe'"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[server]\nworkrs = 2\n", "unknown setting 'server.workrs'"),
        ('[server]\nworkers = "2"\n', "server.workers: expected a whole number, got '2'"),
        ("[server]\nworkers = true\n", "server.workers: expected a whole number, got True"),
        ("workers = 2\n", "workers: expected a table such as [server], got a number"),
        ("[models]\navailable = [1]\n", "models.available: expected a list of strings, got [1]"),
        ("[server\n", "Expected"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name(tmp_path: Path, content: str, message: str) -> None:
    (problem,) = problems(config_file(tmp_path, content))
    assert problem.startswith(str(tmp_path / "llmsim.toml"))
    assert message in problem


def test_the_nearest_setting_is_named(tmp_path: Path) -> None:
    assert problems(config_file(tmp_path, "[server]\nworkrs = 2\n"))[0].endswith(
        "did you mean 'server.workers'?"
    )


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    environ = config_file(tmp_path, "[server]\nworkrs = 2\nthreads = 0\n") | {"LLMSIM_TIMEOUT": "x"}
    assert len(problems(environ)) == 3


def test_a_missing_file_is_refused() -> None:
    assert problems({"LLMSIM_CONFIG": "/nowhere.toml"}) == (
        "/nowhere.toml: No such file or directory",
    )


def test_an_unknown_variable_is_named_with_its_nearest() -> None:
    (warning,) = settings.unknown_variables(
        {"LLMSIM_WORKER": "3", "LLMSIM_PORT": "1", "PATH": "/bin"}
    )
    assert warning.startswith("unknown environment variable 'LLMSIM_WORKER'; expected one of")
    assert warning.endswith("did you mean 'LLMSIM_WORKERS'?")


def test_models_are_a_list_in_a_variable() -> None:
    assert settings.load({"LLMSIM_MODELS": "a, b/c"}).models == ("a", "b/c")
