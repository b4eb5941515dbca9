"""What belongs to one process, and must not be used by those forked from it."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable


def in_each_child(method: Callable[[], None]) -> None:
    """Call the bound `method` in each process forked from this one.

    For as long as its object lives.

    Cheaper than to compare process ids at each use: `getpid` is a system call.
    """
    reference = weakref.WeakMethod(method)  # what is registered at fork stays registered

    def call() -> None:
        found = reference()
        if found is not None:
            found()

    os.register_at_fork(after_in_child=call)
