"""`.ci/run` in a folder of its own, with programs that only say that they ran."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.running import ROOT

SAYS = '#!/bin/sh\necho "$(basename "$0") $* CI=$CI" >> "$RAN"\n'
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


def run(checkout: Path, command: str) -> tuple[int, str]:
    """The exit status, and what ran; `command` is what the README's test command does."""
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
        [str(checkout / ".ci" / "run")], env=environment, capture_output=True, check=False
    )
    return ended.returncode, ran.read_text()


def test_it_runs_the_readmes_command_lint_types_and_the_fast_part_on_a_newer_python(
    checkout: Path,
) -> None:
    status, ran = run(checkout, "./said tested")
    assert status == 0
    after = ran[ran.index("said tested") :].splitlines()
    assert after == [
        "said tested CI=true",
        "ruff check . CI=true",
        "ruff format --check . CI=true",
        "mypy  CI=true",
        "pip install -q -e .[test] CI=true",
        "python -m pytest -m not slow -n 2 CI=true",
    ]


@pytest.mark.parametrize("fails", ["false", "exit 5", "rm .venv/bin/mypy"])
def test_it_fails_where_a_step_fails(checkout: Path, fails: str) -> None:
    assert run(checkout, fails)[0] != 0


@pytest.mark.parametrize("fails", ["pip", "python"])
def test_it_fails_where_a_newer_python_fails(checkout: Path, fails: str) -> None:
    program(checkout / "said", SAYS + f'[ "$(basename "$0")" != {fails} ]\n')
    status, ran = run(checkout, "true")
    assert f"{fails} " in ran.split("mypy")[1]
    assert status != 0


def test_it_goes_on_without_packages_that_cannot_be_installed(checkout: Path) -> None:
    _, ran = run(checkout, "./said tested")
    assert ran.index("apt-get update") < ran.index("said tested")
