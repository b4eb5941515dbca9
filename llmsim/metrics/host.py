"""The numbers of this process, and of all processes of its server on this host."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Final

from llmsim.metrics import catalog
from llmsim.metrics.counters import Counters, NoCounters
from llmsim.metrics.host_folder import HostFolder
from llmsim.metrics.number_file import NumberFile, key_of
from llmsim.metrics.totals import Totals
from llmsim.one_at_a_time import one_at_a_time

_log = logging.getLogger(__name__)

_FOLDER: Final = "metrics"

_is_on = True
_folder: HostFolder | None = None
_counters: Counters | None = None


def count_in(directory: Path | None, *, begins: bool) -> None:
    """Let this process, and those forked from it, keep their numbers in that directory.

    Without one each keeps its own in memory, and speaks of itself alone. `begins` says that they
    are the first to count there.

    Raises:
        OSError: nothing can be written there.
    """
    global _is_on, _folder, _counters  # noqa: PLW0603 - one server a process
    _is_on, _folder, _counters = True, None, None
    if directory is not None:
        folder = HostFolder(directory / _FOLDER)
        if begins:
            folder.begin(time.time())
        _folder = folder


def count_nothing() -> None:
    """Let this process, and those forked from it, count nothing."""
    global _is_on, _folder, _counters
    _is_on, _folder, _counters = False, None, None


def counters() -> Counters:
    """What this process counts. Made on first use: a child counts for itself."""
    return _counters or _made()


def totals() -> Totals:
    """What all processes have counted.

    Raises:
        StateLostError: the folder is gone.
    """
    mine = counters()
    if _folder is None:
        return mine.read()
    _folder.fold()
    return _folder.totals()


def fold() -> None:
    """Put together what dead processes have counted."""
    if _folder is not None:
        _folder.fold()


def _made() -> Counters:
    global _counters  # noqa: PLW0603
    with one_at_a_time("making the metrics"):
        if _counters is None:
            _counters = Counters(_new_file()) if _is_on else NoCounters(NumberFile())
    return _counters


def _new_file() -> NumberFile:
    if _folder is not None:
        try:
            return _folder.new_file()
        except OSError as error:
            _log.warning("The metrics leave this worker out: %s: %s", _folder.path, error.strerror)
    numbers = NumberFile()
    numbers.place(key_of(catalog.STARTED), time.time())
    return numbers


def _forget() -> None:
    global _counters  # noqa: PLW0603
    _counters = None


os.register_at_fork(after_in_child=_forget)
