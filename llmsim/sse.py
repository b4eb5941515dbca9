"""Server-sent events as LLM APIs use them.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llmsim.json_text import ascii_json

MAX_WRITE = 64 * 1024  # bytes that are joined into one write where no delay stands between events


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `data` goes out as JSON, or as it is where it is already text (`[DONE]`).

    `name` is the `event:` line, if any.
    """

    data: Any
    name: str | None = None

    def frame(self) -> bytes:
        """The event as bytes: LF line ends, one `data:` line, a blank line. Goes out in one write.

        Some readers lose a frame cut in two.
        """
        data = self.data.encode("ascii") if isinstance(self.data, str) else ascii_json(self.data)
        head = b"event: %b\n" % self.name.encode("ascii") if self.name else b""
        return b"%bdata: %b\n\n" % (head, data)


DONE = Event("[DONE]")
