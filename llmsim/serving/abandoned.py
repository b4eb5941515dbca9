"""What is left to do for answers that nobody closed, as the garbage collector finds them.

It runs in the midst of anything, with whatever lock is held there: to take that lock again would
stop the thread for good. So what is to be done is only noted, and the next request does it first.
gunicorn closes every answer; a client on a WSGI transport may drop a stream.
"""

from __future__ import annotations

import gc
import os

# As it is where this is imported first: under gevent the patched one tells greenlets apart.
from _thread import get_ident
from collections import deque
from collections.abc import Callable
from typing import Any

_collector = 0  # the thread in which the garbage collector is at work
_left: deque[Callable[[], None]] = deque()


def _note(phase: str, _: Any) -> None:
    global _collector  # noqa: PLW0603 - there is one collector in a process
    _collector = get_ident() if phase == "start" else 0


gc.callbacks.append(_note)
os.register_at_fork(after_in_child=_left.clear)  # the parent does it


def is_collecting() -> bool:
    """Whether the garbage collector is at work here: what runs now may run inside of anything."""
    return _collector == get_ident()


def later(action: Callable[[], None]) -> None:
    """Do that before the next request."""
    _left.append(action)


def catch_up() -> None:
    """Do what was left to do."""
    while _left:
        try:
            action = _left.popleft()
        except IndexError:  # another thread was faster
            return
        action()
