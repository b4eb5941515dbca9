"""How a server comes to its store and lets go of it, whichever engine keeps it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from llmsim.settings import Settings
from llmsim.store.base import Store


class Hold(ABC):
    """A process's hold on the state behind `store`. Its children inherit it.

    `directory` is where this host may keep files for as long as the hold lasts; None for nowhere.
    """

    store: Store
    directory: Path | None = None

    @abstractmethod
    def forget(self) -> None:
        """For a child: let the hold end with the parent, not with the last of its children."""

    @abstractmethod
    def hand_over(self) -> str:
        """Let a program that this process executes keep the hold; the text is for `Engine.hold`."""

    @abstractmethod
    def release(self) -> None:
        """Let go of the state, and delete it where it was made for this run."""


class Engine(ABC):
    """Opens stores as the settings say."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @abstractmethod
    def hold(self, handed_over: str) -> Hold:
        """For the master of a server, before it forks workers.

        `handed_over` is what the program before this one handed over, "" where there was none.

        Raises:
            StartupError, StoreError: there is no state that can be used.
            OSError: it cannot be written.
        """

    @abstractmethod
    def join(self, *, may_be_many: bool) -> tuple[Hold, bool]:
        """For a process of a server that runs none of llmsim's start-up hooks.

        The flag says that it is to publish its script. `may_be_many` says that others may serve
        beside it.

        Raises:
            StartupError, StoreError: as `hold`, or each process would have a cursor of its own.
            OSError: it cannot be written.
        """
