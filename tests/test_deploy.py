"""The files in `config/deploy`, as far as they can be tried without a container runtime."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import httpx
import pytest

from llmsim.settings import Settings
from tests.running import ROOT, Server

DOCKERFILE = (ROOT / "config" / "deploy" / "Dockerfile").read_text("utf-8")


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions, each with what follows it on its line."""
    joined = DOCKERFILE.replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    return [(name, " ".join(rest)) for name, *rest in (line.split() for line in lines)]


def values(wanted: str) -> list[str]:
    return [value for name, value in instructions() if name == wanted]


def test_every_file_that_is_copied_is_there_and_is_all_that_a_build_needs() -> None:
    copied = [source for value in values("COPY") for source in value.split()[:-1]]
    assert set(copied) == {"pyproject.toml", "README.md", "config", "llmsim"}
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_it_does_not_run_as_root() -> None:
    (user,) = values("USER")
    assert f"--uid {user} " in values("RUN")[0]
    assert int(user) > 0


@pytest.mark.slow
def test_what_is_copied_installs_and_its_command_serves(tmp_path: Path) -> None:
    build = tmp_path / "build"
    for value in values("COPY"):
        *sources, target = value.split()
        for source in sources:
            into = build / target / (source if target == "./" else "")
            into.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, into)
            else:
                shutil.copy(ROOT / source, into)
    assert "pip install --no-cache-dir '.[redis]' " in values("RUN")[0]
    venv.create(tmp_path / "venv", with_pip=False)
    (site,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site)]
    subprocess.run([*pip, "."], cwd=build, check=True)
    # The dependencies come from this environment; llmsim itself must be the one built here.
    (site / "dependencies.pth").write_text(str(Path(httpx.__file__).parent.parent))
    (environment,) = values("ENV")
    variables = dict(pair.split("=") for pair in shlex.split(environment))
    program, *arguments = json.loads(values("ENTRYPOINT")[0])
    assert program == "llmsim"
    command = [str(tmp_path / "venv" / "bin" / "python"), "-P", "-m", program, *arguments]
    with Server(tmp_path, None, command=command, PYTHONPATH="", **variables) as server:
        assert f"{site}/llmsim/config/scripts/demo.json (7 turns" in server.log()
        assert "anyone who reaches 0.0.0.0:" in server.log()
        assert check(server.origin) == 0
    assert check(server.origin) != 0


def check(origin: str) -> int:
    """The exit code of the image's health check."""
    found = re.search(r"CMD (\[.*\])", values("HEALTHCHECK")[0])
    assert found
    program, *arguments = json.loads(found[1])
    assert program == "python"
    here = [part.replace("http://127.0.0.1:8080", origin) for part in arguments]
    assert here != arguments
    ended = subprocess.run([sys.executable, *here], capture_output=True, check=False)
    return ended.returncode


def test_the_port_is_the_one_that_is_served() -> None:
    assert values("EXPOSE") == [Settings().bind.rpartition(":")[2]]
