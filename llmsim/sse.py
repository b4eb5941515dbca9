"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) as LLM APIs use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llmsim.json_text import compact

MAX_WRITE = 64 * 1024  # bytes that are joined into one write where no delay stands between events


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `data` goes out as JSON, or as it is where it is already text (`[DONE]`). `name` is the `event:` line, if any."""

    data: Any
    name: str | None = None

    def frame(self) -> bytes:
        """The event as bytes: LF line ends, one `data:` line, a blank line. Goes out in one write: some readers lose a frame cut in two."""
        data = self.data if isinstance(self.data, str) else compact(self.data)
        head = f"event: {self.name}\n" if self.name else ""
        return f"{head}data: {data}\n\n".encode("ascii")


DONE = Event("[DONE]")
