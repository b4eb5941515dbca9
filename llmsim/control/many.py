"""Operations on many sessions at once, chosen by how their names begin."""

from __future__ import annotations

from typing import Any

from llmsim.control.operation import operation, playback
from llmsim.control.session_list import names
from llmsim.control.session_schemas import CountAnswer, WithPrefix


@operation("POST", "/reset", takes=WithPrefix, gives=CountAnswer)
def reset_sessions(prefix: str) -> dict[str, Any]:
    """Rewind sessions to position 0 and clear their journals: all, or those with a prefix."""
    store = playback().store
    return {"sessions": sum(store.reset(name) is not None for name in names(prefix))}


@operation("DELETE", "/sessions", takes=WithPrefix, gives=CountAnswer)
def delete_sessions(prefix: str) -> dict[str, Any]:
    """Forget sessions, their scripts and their journals: all, or those with a prefix."""
    store = playback().store
    return {"sessions": sum(store.delete(name) for name in names(prefix))}
