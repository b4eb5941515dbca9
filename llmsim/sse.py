"""Server-sent events as LLM APIs use them.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llmsim.json_text import ascii_json, raw_json

MAX_WRITE = 64 * 1024  # bytes that are joined into one write where no delay stands between events


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `data` goes out as JSON, or as it is where it is already text (`[DONE]`).

    `name` is the `event:` line, if any. `content` says that it brings a piece of what the model
    says: a text, arguments, or the name of a tool that it calls.
    """

    data: Any
    name: str | None = None
    content: bool = False

    def frame(self) -> bytes:
        """The event as bytes: LF line ends, one `data:` line, a blank line. Goes out in one write.

        Some readers lose a frame cut in two.
        """
        return self._framed(ascii_json)

    def raw_frame(self) -> bytes:
        """The same in UTF-8, with nothing escaped that need not be."""
        return self._framed(raw_json)

    def _framed(self, encode: Callable[[Any], bytes]) -> bytes:
        data = self.data.encode("ascii") if isinstance(self.data, str) else encode(self.data)
        head = b"event: %b\n" % self.name.encode("ascii") if self.name else b""
        return b"%bdata: %b\n\n" % (head, data)


DONE = Event("[DONE]")
