"""What a script says of requests that the real API would refuse."""

from __future__ import annotations

from typing import Final

from llmsim.script.rules import one_of
from llmsim.settings import OFF, REFUSE, REPORT

CHECKS: Final = {
    REPORT: "it gets its turn, and the journal says what is wrong",
    REFUSE: "it gets the API's own 400, and takes no turn",
    OFF: "nobody looks",
}


a_check = one_of("protocol", CHECKS)
