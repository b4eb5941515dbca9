"""Signals that are for the command that this process runs."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
_FROM_A_KEY = (signal.SIGINT, signal.SIGQUIT)


class Signals:
    """From its making on, a signal that would end this process only goes to the command.

    Before there is one it is kept in `received`. What is ignored, as under `nohup`, stays so.
    """

    def __init__(self) -> None:
        self.received = 0
        self._command: subprocess.Popen[bytes] | None = None
        for number in _STOPPING:
            if signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._receive)

    def go_to(self, command: subprocess.Popen[bytes]) -> None:
        """Send signals on to `command`, also one that came while it was started."""
        self._command = command
        if self.received:
            command.send_signal(self.received)

    def _receive(self, number: int, _frame: Any) -> None:
        if self._command is None:
            self.received = number
        elif not (number in _FROM_A_KEY and _has_the_terminal()):
            self._command.send_signal(number)


def _has_the_terminal() -> bool:
    """Whether a key press such as Ctrl-C reaches the command without us, as one of its group."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)
