"""The `llmsim` command in the process of the tests, where the process is not what is tested."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from subprocess import CompletedProcess
from unittest import mock

from llmsim.cli import main
from tests.running import clean_environment


def command(*arguments: str | Path, **variables: str) -> CompletedProcess[str]:
    """What it prints, and its exit code; with these variables and no other settings."""
    given = [str(argument) for argument in arguments]
    environment = clean_environment(Path("/tmp"), COLUMNS="80", **variables)
    streams = [io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2)]
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        redirect_stdout(streams[0]),
        redirect_stderr(streams[1]),
    ):
        try:
            code = main(given)
        except SystemExit as ended:  # of argparse
            code = ended.code if isinstance(ended.code, int) else 1
    printed = []
    for stream in streams:
        stream.flush()
        stream.seek(0)
        printed.append(stream.read())
    return CompletedProcess(given, code, *printed)
