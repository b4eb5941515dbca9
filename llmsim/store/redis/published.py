"""The default script, which any host may replace, and what this process knows of it.

A server that was emptied gets it back from whoever notices first.
"""

from __future__ import annotations

import logging
from typing import Any

from llmsim.errors import MovedError, StoreError
from llmsim.store.base import Blob
from llmsim.store.redis.pipeline import Pipeline
from llmsim.store.redis.scripts import Scripts
from llmsim.store.redis.values import hexed
from llmsim.store.redis.verbs import PUBLISH

log = logging.getLogger("llmsim.store")

_OTHER = 2  # what `publish.lua` says beside 0 and 1


class Published:
    """The default script; `own_name` is that of this host."""

    def __init__(self, pipeline: Pipeline, scripts: Scripts, own_name: str) -> None:
        self._pipeline = pipeline
        self._scripts = scripts
        self.own_name = own_name
        self._key = 0
        self._script: Blob | None = None

    def publish(self, script: Blob, rewinds: bool = True, instead_of: int | None = None) -> int:
        """See `Store.publish`."""
        expected = b"" if instead_of is None else hexed(instead_of)
        how = (self.own_name, int(rewinds), expected)
        key, found = self._scripts.have(script, lambda key: self._pipeline.run(PUBLISH, key, *how))
        if found == _OTHER:
            raise MovedError
        self._key, self._script = key, script
        return key

    def key(self) -> int | None:
        """See `Store.published`."""
        found = self._fact("script")
        if found is None and self.is_restored():
            found = self._fact("script")
        return int(found, 16) if found else None

    def is_restored(self) -> bool:
        """Publish what was published last, in a server that was emptied; false before the first."""
        if self._script is None:
            return False
        log.warning(
            "Redis at %s was emptied: every session begins a new generation, at position 0",
            self._pipeline.name,
        )
        self.publish(self._script)
        return True

    def is_now(self, key: int) -> None:
        """The default script is that of the key. If it is another one than before, say whose."""
        if key in (0, self._key):
            return
        self._key = key
        try:
            self._script = self._scripts.read(key)
            by = self._fact("by")
        except StoreError:
            return  # another one is published by now
        if by != self.own_name.encode():
            log.warning(
                "another host (%s) has published another script: it plays here too, as it is set "
                "there",
                (by or b"?").decode(),
            )

    def _fact(self, name: str) -> Any:
        return self._pipeline.call("HGET", self._pipeline.base + b"now", name)
