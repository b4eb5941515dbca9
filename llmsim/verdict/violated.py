"""What the real API would refuse, as findings of a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmsim.playback.findings import Finding

_KIND = "protocol_"


def as_findings(violations: Iterable[Mapping[str, Any]]) -> Iterator[Finding]:
    """The `violations` of an entry, each with where it is and what to do first."""
    for each in violations:
        place = "" if each["index"] is None else f"message {each['index']}: "
        text = f"{place}{each['found']}. {each['hint']} The real API says: {each['message']}"
        yield Finding(_KIND + each["rule"], text)
