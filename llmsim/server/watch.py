"""`python -m llmsim.server.watch PATH PID`: SIGHUP for the server whenever what it plays changes.

A process of its own: what watches files runs threads, and a master that forks should have none.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchfiles import Change

# How often it is looked whether the server is still there.
_TIMEOUT_MS = 1000


def start(path: str) -> subprocess.Popen[bytes]:
    """Watch a script, or a folder of scripts, for this process; it ends with it."""
    command = [sys.executable, "-P", "-m", "llmsim.server.watch", path, str(os.getpid())]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603


def main(path: str, pid: int) -> None:
    """Watch until the server has ended."""
    # Here: a server that watches nothing starts 10 ms sooner.
    from watchfiles import watch  # noqa: PLC0415

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C: the server ends first
    whole = Path(path).resolve()
    folder = whole if whole.is_dir() else whole.parent

    def is_script(_: Change, changed: str) -> bool:
        name = Path(changed).name
        of_folder = name.endswith(".json") and not name.startswith(".")  # as `read_folder`
        return changed == str(whole) or (whole.is_dir() and of_folder)

    for changes in watch(
        folder,
        watch_filter=is_script,
        recursive=False,
        rust_timeout=_TIMEOUT_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
    ):
        if os.getppid() != pid:
            return
        if changes:
            os.kill(pid, signal.SIGHUP)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
