"""Which turn comes next: by arrival, or by the history that a request shows."""

from __future__ import annotations

from typing import Final

from llmsim.script.rules import one_of

ARRIVAL: Final = "arrival"
HISTORY: Final = "history"
ORDERS: Final = {
    ARRIVAL: "each request takes the next turn",
    HISTORY: "each request gets the turn after those that its own history shows",
}

ALL: Final = "all"
OWN: Final = "own"
STEPS: Final = {
    ALL: "every answer in the history counts",
    OWN: "only answers count whose text is one of the script's",
}

an_order = one_of("order", ORDERS)
a_steps = one_of("steps", STEPS)
