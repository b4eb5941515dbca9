"""What this process knows of the default script, which any host may replace.

A server that was emptied gets it back from whoever notices first.
"""

from __future__ import annotations

import logging
from typing import Any

from llmsim.errors import StoreError
from llmsim.store.base import Blob
from llmsim.store.redis.pipeline import Pipeline
from llmsim.store.redis.scripts import Scripts

log = logging.getLogger("llmsim.store")


class Published:
    """The default script below the keys that begin with `base`; `own_name` is this host's."""

    def __init__(self, base: bytes, scripts: Scripts, own_name: str) -> None:
        self._base = base
        self._scripts = scripts
        self.own_name = own_name
        self._key = 0
        self.script: Blob | None = None

    def know(self, key: int, script: Blob) -> None:
        """This process has published it."""
        self._key, self.script = key, script

    def is_now(self, pipeline: Pipeline, key: int) -> None:
        """The default script is that of the key. If it is another one than before, say whose."""
        if key in (0, self._key):
            return
        was_known, self._key = self._key, key
        try:
            self.script = self._scripts.read(pipeline, key)
            by: Any = pipeline.call("HGET", self._base + b"now", "by")
        except StoreError:
            return  # another one is published by now
        if was_known and by != self.own_name.encode():
            log.warning(
                "another host (%s) has published another script: it plays here too, as it is set "
                "there",
                (by or b"?").decode(),
            )
