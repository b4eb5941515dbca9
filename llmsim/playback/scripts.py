"""The scripts of a store as a process has them at hand: each is read once."""

from __future__ import annotations

from collections import OrderedDict

from llmsim.errors import StateLostError, StoreError
from llmsim.playback.folder import ByFolder, ByName, scope_of
from llmsim.playback.line import Line
from llmsim.playback.order import Chooser, Order, ScriptChooser
from llmsim.playback.polled_lock import PolledLock
from llmsim.playback.stored import (
    LARGE_BYTES,
    Outline,
    named_in,
    opened,
    outline_in,
    outline_of,
)
from llmsim.playback.tracks import chooser_of, lines_of
from llmsim.script import Script
from llmsim.script.folder import BEGINS, Folder, Named
from llmsim.store.base import Blob, Store

_CACHED_SCRIPT_BYTES = 32 * 2**20  # of JSON text; a script takes several times that when parsed


class Scripts:
    """What plays under each key of the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._choosers: dict[int, Chooser] = {}
        self._sizes: OrderedDict[int, int] = OrderedDict()
        self._folder: ByFolder | None = None
        # Threads that miss a script together must not all parse it.
        self._loading = PolledLock()

    def chooser(self, key: int) -> Chooser:
        """What finds the turns of a request in the script of that key.

        Raises:
            StateLostError: it is gone.
        """
        found = self._choosers.get(key)
        return self._loaded(key) if found is None else found

    def order_at_hand(self, key: int, line: Line) -> Order | None:
        """What has decided for a request of that line, if that is still at hand."""
        found = self._choosers.get(key)
        if isinstance(found, ByName):
            found = self._folder
        return found.order_of(line) if isinstance(found, ByFolder | ScriptChooser) else None

    def folder(self, key: int) -> Folder:
        """The folder that is published under that key; a single script is its base.

        Raises:
            StateLostError: it is gone.
        """
        found = self.chooser(key)
        if isinstance(found, ByFolder):
            return found.folder
        assert isinstance(found, ScriptChooser)  # noqa: S101 - a reference is never published
        return Folder.of_base(found.script)

    def by_folder(self, key: int) -> ByFolder:
        """What finds the turns of a request in what is published under that key.

        Raises:
            StateLostError: it is gone.
        """
        found = self.chooser(key)
        return found if isinstance(found, ByFolder) else ByFolder(self.folder(key))

    def is_published(self, key: int, chooser: Chooser, before: int | None) -> None:
        """Keep what was published, in the place of what was before.

        Not among those that are let go of: the workers share it with the master. To free a large
        one would copy its pages first, and take long.
        """
        self._choosers[key] = chooser
        if isinstance(chooser, ByFolder):
            self._folder = chooser
        if before != key:
            self._choosers.pop(before or 0, None)

    def chooser_in(self, folder: Folder) -> Chooser:
        """What plays a folder; its choosers are those of before where nothing has changed."""
        if folder.scripts and folder.is_base_only:
            return chooser_of(next(iter(folder)).script)
        return ByFolder(folder, self._folder)

    def keep(self, key: int, chooser: Chooser, content: Blob) -> Chooser:
        """Keep a script at hand, and let go of the oldest beyond what may be kept."""
        self._choosers[key] = chooser
        if isinstance(chooser, ByFolder):
            self._folder = chooser
        self._sizes[key] = min(len(content), LARGE_BYTES)  # of a large one, a part is in memory
        total = sum(self._sizes.values())
        while total > _CACHED_SCRIPT_BYTES and len(self._sizes) > 1:
            oldest, size = self._sizes.popitem(last=False)
            self._choosers.pop(oldest, None)
            total -= size
        return chooser

    def outline(self, key: int) -> Outline:
        """The outline of the script of that key, which need not be read for it.

        Raises:
            StateLostError: it is gone.
        """
        found = self._choosers.get(key)
        content = None if found else self._store.script(key)
        if content is not None and not _is_kind_of_its_own(content):
            return outline_in(content)
        found = found or self.chooser(key)
        if isinstance(found, ByFolder):
            lines = (line for each in found.folder for line in outline_of_named(each).lines)
            return Outline(tuple(lines), is_folder=True)
        if isinstance(found, ByName):
            named = self.named(found.name)
            outline = outline_of_named(named) if named else Outline(())
            return outline._replace(given=found.name)
        assert isinstance(found, ScriptChooser)  # noqa: S101 - there is no other kind
        return outline_of(found.script)

    def lines(self, key: int) -> list[tuple[Line, Script]]:
        """The lines of turns of the script of that key; of a folder, those of all its scripts.

        Raises:
            StateLostError: it is gone.
        """
        found = self.chooser(key)
        if isinstance(found, ScriptChooser):
            return lines_of(found.script)
        if isinstance(found, ByName):
            named = self.named(found.name)
            return lines_of_named(named) if named else []
        assert isinstance(found, ByFolder)  # noqa: S101 - there is no other kind
        return [line for each in found.folder for line in lines_of_named(each)]

    def text(self, key: int) -> Blob | None:
        """The canonical text of the script of that key; None for a folder of several.

        Raises:
            StateLostError: it is gone.
        """
        content = self._store.script(key)
        if not _is_kind_of_its_own(content):
            return content
        found = self.chooser(key)
        if isinstance(found, ByFolder):
            return None
        assert isinstance(found, ByName)  # noqa: S101 - there is no other kind
        named = self.named(found.name)
        return named.script.canonical() if named else None

    def named(self, name: str) -> Named | None:
        """The script of that name, None where there is none.

        Raises:
            StoreError: nothing is published yet.
        """
        lost = 0
        while True:
            key = self.published()
            try:
                return self.folder(key).scripts.get(name)
            except StateLostError:  # replaced between the two
                if key == lost:
                    raise
                lost = key

    def published(self) -> int:
        """The key of what is published.

        Raises:
            StoreError: nothing is, yet.
        """
        key = self._store.published()
        if not key:
            raise StoreError(
                "No script has been published yet; the server has not finished its start."
            )
        return key

    def _loaded(self, key: int) -> Chooser:
        with self._loading.held():
            found = self._choosers.get(key)
            if found is None:
                content = self._store.script(key)
                found = self.keep(key, self._opened(content), content)
            return found

    def _opened(self, content: Blob) -> Chooser:
        if reference := named_in(content):
            return ByName(reference.name, self.by_folder)
        if content[: len(BEGINS)] == BEGINS:
            return self.chooser_in(Folder.from_canonical(bytes(content), self._known()))
        return chooser_of(opened(content))

    def _known(self) -> dict[tuple[str, str], Script]:
        """The scripts of the last folder, which need not be read again."""
        if self._folder is None:
            return {}
        return {(each.name, each.key): each.script for each in self._folder.folder}


def lines_of_named(named: Named) -> list[tuple[Line, Script]]:
    """The lines of turns of a script of a folder."""
    return lines_of(named.script, scope_of(named))


def outline_of_named(named: Named) -> Outline:
    """The outline of a script of a folder."""
    return outline_of(named.script, scope_of(named))


def _is_kind_of_its_own(content: Blob) -> bool:
    return content[: len(BEGINS)] == BEGINS or named_in(content) is not None
