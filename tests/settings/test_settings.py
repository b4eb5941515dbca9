"""Settings: where they come from, what is refused, and that what is written about them is true."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from llmsim import settings
from llmsim.errors import SettingsError
from llmsim.settings import FIELDS, Settings
from tests.each import for_each
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
        ({"LLMSIM_HOST": "::1"}, "[::1]:8080"),
        ({"LLMSIM_BIND": "::1"}, "[::1]:8080"),
        ({"LLMSIM_BIND": "::1", "LLMSIM_PORT": "0"}, "[::1]:0"),
        ({"LLMSIM_BIND": "[::1]"}, "[::1]:8080"),
        ({"LLMSIM_BIND": "[::1]:9000"}, "[::1]:9000"),
        ({"LLMSIM_BIND": "localhost"}, "localhost:8080"),
        ({"LLMSIM_BIND": "localhost:"}, "localhost:8080"),
        ({"LLMSIM_BIND": "9000"}, "127.0.0.1:9000"),
        ({"LLMSIM_BIND": ":9000"}, "127.0.0.1:9000"),
        ({"LLMSIM_BIND": "tcp://10.0.0.5:9000"}, "10.0.0.5:9000"),
        ({"LLMSIM_BIND": "::1, localhost:1", "LLMSIM_PORT": "2"}, "[::1]:2,localhost:2"),
        ({"LLMSIM_BIND": "unix:/run/llmsim.sock", "LLMSIM_PORT": "2"}, "unix:/run/llmsim.sock"),
        ({"LLMSIM_BIND": "fd://3"}, "fd://3"),
        ({"LLMSIM_PORT": "65535"}, "127.0.0.1:65535"),
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
        *(
            (
                "LLMSIM_SESSION_FROM",
                f"key,{word}",
                f"LLMSIM_SESSION_FROM: expected header:<name>, body:<path> or key, got {word!r} "
                f"({FIELDS['session.from'].metadata['help']})",
            )
            for word in ("keys", "key:a", "header:", "header:a b", "body:", "body:a..b", "cookie:a")
        ),
    ],
)
def test_a_wrong_variable_is_refused_by_name(variable: str, value: str, message: str) -> None:
    assert problems({variable: value}) == (message,)


@for_each(
    ("variable", "value", "message"),
    [
        ("LLMSIM_PORT", "65536", "expected a port from 0 to 65535, got '65536'"),
        ("LLMSIM_PORT", "-1", "expected a port from 0 to 65535, got '-1'"),
        ("LLMSIM_PORT", "http", "expected a port from 0 to 65535, got 'http'"),
        ("LLMSIM_PORT", "\u0663", "expected a port from 0 to 65535, got '\u0663'"),
        ("LLMSIM_BIND", "127.0.0.1:70000", "expected a port from 0 to 65535, got '70000'"),
        ("LLMSIM_BIND", "http://localhost:80", "got the host 'http://localhost:80'"),
        ("LLMSIM_BIND", "[::1", "got '[::1'"),
        ("LLMSIM_BIND", "[::1]8080", "got '[::1]8080'"),
        ("LLMSIM_BIND", "a b", "such as 127.0.0.1:8080, localhost:8080 or [::1]:8080, got the"),
        ("LLMSIM_HOST", "1::2::3", "got the host '1::2::3'"),
        ("LLMSIM_PUBLIC_URL", "llm.example.com", "expected a URL such as https://llm.example.com"),
        ("LLMSIM_PUBLIC_URL", "localhost:8080", "got 'localhost:8080'"),
        ("LLMSIM_PUBLIC_URL", "ftp://x", "got 'ftp://x'"),
        ("LLMSIM_PUBLIC_URL", "http://", "got 'http://'"),
        ("LLMSIM_PUBLIC_URL", "http://[::1", "got 'http://[::1'"),
        ("LLMSIM_PUBLIC_URL", "http://x:99999", "got 'http://x:99999'"),
        ("LLMSIM_PUBLIC_URL", "http://x/a b", "got 'http://x/a b'"),
        ("LLMSIM_PUBLIC_URL", "http://x/?a=b", "got 'http://x/?a=b'"),
        ("LLMSIM_MODELS", ",", "expected at least one name, and none that is empty"),
        ("LLMSIM_TIMEOUT_RATE", "1.5", "expected at most 1, got 1.5"),
        ("LLMSIM_TIMEOUT_RATE", "-0.1", "expected at least 0, got -0.1"),
        ("LLMSIM_TIMEOUT_RATE", "nan", "expected at least 0, got nan"),
        ("LLMSIM_TIMEOUT_RATE", "half", "expected a number, got 'half'"),
        ("LLMSIM_WORKERS", "1025", "expected at most 1024, got 1025"),
        ("LLMSIM_KEEPALIVE", "9" * 30, f"expected at most 2147483647, got {'9' * 30}"),
        ("LLMSIM_MAX_SESSIONS", "9" * 5000, "expected a whole number, got '999"),
        ("LLMSIM_THREADS", "--2", "expected a whole number, got '--2'"),
    ],
)
def test_a_value_that_cannot_be_used_is_a_sentence(variable: str, value: str, message: str) -> None:
    (problem,) = problems({variable: value})
    assert problem.startswith(f"{variable}: ")
    assert message in problem


@pytest.mark.parametrize(
    "url", ["https://llm.example.com", "http://10.0.0.5:8080/llm", "http://[::1]/"]
)
def test_a_public_url_may_have_a_port_and_a_path(url: str) -> None:
    assert settings.load({"LLMSIM_PUBLIC_URL": url}).public_url == url


@pytest.mark.parametrize("models", ["[]", '[""]', '["a", ""]'])
def test_a_list_of_models_in_the_file_names_each(tmp_path: Path, models: str) -> None:
    (problem,) = problems(config_file(tmp_path, f"[models]\navailable = {models}\n"))
    assert "models.available: expected at least one name" in problem


def test_a_control_token_is_what_a_header_can_carry() -> None:
    """A secret with a line end behind it would fit no request."""
    assert settings.load({"LLMSIM_CONTROL_TOKEN": "secret\n"}).control_token == "secret"
    for token, problem in ((" ", "it is empty"), ("a\nb", "visible ASCII"), ("\xfc", "visible")):
        with pytest.raises(SettingsError, match=rf"LLMSIM_CONTROL_TOKEN\): .*{problem}"):
            settings.load({"LLMSIM_CONTROL_TOKEN": token})


def test_the_control_token_can_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    environ = {"LLMSIM_CONTROL_TOKEN_FILE": str(tmp_path / "token")}
    assert settings.load(environ).control_token == "secret"
    (problem,) = problems(environ | {"LLMSIM_CONTROL_TOKEN": "another"})
    assert problem == "control.token and control.token_file are both set; one is enough"


@pytest.mark.parametrize(
    ("content", "message"),
    [(b" \n", "it is empty"), (b"\xff", "invalid start byte"), (None, "No such file")],
)
def test_a_token_file_without_a_token_is_refused(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    (problem,) = problems({"LLMSIM_CONTROL_TOKEN_FILE": str(path)})
    assert problem.startswith(f"control.token_file: {path}: ")
    assert message in problem


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


def test_a_rate_may_be_written_as_a_whole_number(tmp_path: Path) -> None:
    environ = config_file(tmp_path, "[errors]\ntimeout_rate = 1\n")
    assert settings.load(environ).timeout_rate == 1
    assert settings.load({"LLMSIM_TIMEOUT_RATE": "1"}).timeout_rate == 1


def test_rates_of_errors_above_1_together_are_refused() -> None:
    found = problems({"LLMSIM_TIMEOUT_RATE": "0.6", "LLMSIM_SERVER_ERROR_RATE": "0.5"})
    assert found == ("the rates of [errors] add up to 1.1; all requests are 1",)


def test_a_missing_file_is_refused() -> None:
    assert problems({"LLMSIM_CONFIG": "/nowhere.toml"}) == (
        "/nowhere.toml: No such file or directory",
    )


def test_an_unknown_variable_is_named_with_its_nearest() -> None:
    (warning,) = settings.unknown_variables(
        {"LLMSIM_WORKER": "3", "LLMSIM_PORT": "1", "LLMSIM_URL": "http://a", "PATH": "/bin"}
    )
    assert warning.startswith("unknown environment variable 'LLMSIM_WORKER'; expected one of")
    assert warning.endswith("did you mean 'LLMSIM_WORKERS'?")


def test_models_are_a_list_in_a_variable() -> None:
    assert settings.load({"LLMSIM_MODELS": "a, b/c"}).models == ("a", "b/c")
