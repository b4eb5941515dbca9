"""What a script says of requests that the real API would refuse."""

from __future__ import annotations

from typing import Any, Final

from llmsim.script.order import one_of_words
from llmsim.settings import OFF, REFUSE, REPORT

CHECKS: Final = {
    REPORT: "it gets its turn, and the journal says what is wrong",
    REFUSE: "it gets the API's own 400, and takes no turn",
    OFF: "nobody looks",
}


def a_check(value: Any) -> str | None:
    """What keeps `value` from being one of the words of `CHECKS`, or None."""
    return one_of_words("protocol", value, CHECKS)
