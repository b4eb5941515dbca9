"""What the server says where it does not do what it is asked, and what helps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from llmsim.errors import StoreError

# By a part of what Redis says.
_REMEDIES: Final[Mapping[str, str]] = {
    "maxmemory": "raise its maxmemory, or delete sessions",
    "read only replica": "store.url, LLMSIM_STORE, must name the primary",
    "Authentication required": "store.url, LLMSIM_STORE, needs a password",
    "username-password": "see to user and password in store.url, LLMSIM_STORE",
}


def refused(name: str, said: Exception) -> StoreError:
    """The error for what the server at `name` has said.

    A Lua program is stopped before its first write, or not at all: nothing was consumed.
    """
    why = str(said).partition(" script: ")[0].rstrip(".")
    remedy = next((f" ({words})" for part, words in _REMEDIES.items() if part in why), "")
    return StoreError(f"Redis at {name} refuses: {why}{remedy}. Nothing was consumed.")
