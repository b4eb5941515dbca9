"""`.ci/run` in a folder of its own, with programs that only say that they ran."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.running import ROOT

SAYS = '#!/bin/sh\necho "$(basename "$0") $* CI=$CI" | tee -a "$RAN"\n'
PYTHON = """#!/bin/sh
case "$2" in
  *version_info*) echo {minor} ;;
  venv) mkdir -p "$3/bin"; cp said "$3/bin/pip"; cp said "$3/bin/python" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Programs are there, packages are not, and one newer Python is."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    program(tmp_path / "said", SAYS)
    for name in ("ruff", "mypy"):
        program(tmp_path / "made" / name, SAYS)
    for name in ("dpkg", "apt-get"):
        program(tmp_path / "path" / name, SAYS + "exit 1\n")
    program(tmp_path / "path" / "python3", PYTHON.format(minor=11))
    program(tmp_path / "pyenv/versions/3.11.7/bin/python3", PYTHON.format(minor=11))
    program(tmp_path / "pyenv/versions/3.77.0/bin/python3", PYTHON.format(minor=77))
    return tmp_path


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def run(checkout: Path, command: str) -> tuple[int, list[str], list[str]]:
    """The exit status, what ran, and what was shown.

    `command` is what the README's test command does once it has installed.
    """
    (checkout / "README.md").write_text(
        f"x\nmkdir -p .venv/bin && cp made/* .venv/bin && {command} # pip install -e '.[test]'\n"
    )
    ran = checkout / "ran"
    environment = {
        "PATH": f"{checkout / 'path'}:/usr/bin:/bin",
        "PYENV_ROOT": str(checkout / "pyenv"),
        "HOME": str(checkout),
        "RAN": str(ran),
    }
    ended = subprocess.run(
        [str(checkout / ".ci" / "run")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ran.read_text().splitlines(), ended.stdout.splitlines()


INSTALLED = "pip install -q --no-compile -e .[fast-test] CI=true"
NEWER = "python -m pytest -m not slow -n 2 CI=true"
LINT = ["ruff check . CI=true", "ruff format --check . CI=true", "mypy  CI=true"]


def test_it_runs_the_readmes_command_lint_types_and_the_fast_part_on_a_newer_python(
    checkout: Path,
) -> None:
    status, ran, shown = run(checkout, "./said tested")
    assert status == 0
    assert sorted(ran[-6:]) == sorted(["said tested CI=true", *LINT, INSTALLED, NEWER])
    newest = checkout / "pyenv/versions/3.77.0/bin/python3"
    assert shown[-8:] == [
        "--- the fast part on newer Pythons",
        f"Python 3.77: {newest}",
        *(INSTALLED, NEWER),
        "--- lint and types",
        *LINT,
    ]


@pytest.mark.parametrize("fails", ["false", "exit 5"])
def test_it_fails_where_the_tests_fail_and_shows_the_rest(checkout: Path, fails: str) -> None:
    status, ran, shown = run(checkout, fails)
    assert status != 0
    assert {*LINT, NEWER} < set(ran)
    assert {*LINT, NEWER} < set(shown)


def test_nothing_is_tested_where_the_installation_fails(checkout: Path) -> None:
    status, ran, _ = run(checkout, "false && ./said tested")
    assert status != 0
    assert "said tested CI=true" not in ran


@pytest.mark.parametrize("fails", ["ruff", "mypy"])
def test_it_fails_where_lint_or_types_fail(checkout: Path, fails: str) -> None:
    program(checkout / "made" / fails, SAYS + "exit 3\n")
    status, _, shown = run(checkout, "./said tested")
    assert status != 0
    assert "failed: lint and types" in shown


@pytest.mark.parametrize("fails", ["pip", "python"])
def test_it_fails_where_a_newer_python_fails(checkout: Path, fails: str) -> None:
    program(checkout / "said", SAYS + f'[ "$(basename "$0")" != {fails} ]\n')
    status, ran, shown = run(checkout, "true")
    assert any(line.startswith(f"{fails} ") for line in ran)
    assert "failed: the fast part on newer Pythons" in shown
    assert status != 0


def test_it_goes_on_without_packages_that_cannot_be_installed(checkout: Path) -> None:
    _, ran, _ = run(checkout, "./said tested")
    updates = [number for number, line in enumerate(ran) if line.startswith("apt-get update")]
    assert updates[0] < ran.index("said tested CI=true")
