"""Errors that no turn holds: asked for by the header of a request, or drawn at random."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Final

from xxhash import xxh3_64_intdigest

from llmsim import registry
from llmsim.conversation import INJECT_HEADER, Request
from llmsim.errors import RequestError
from llmsim.playback.withheld import WithheldError
from llmsim.reply import Failure
from llmsim.script import ErrorRates
from llmsim.script.error_kinds import ERROR_KINDS

BY_HEADER: Final = "injected_by_header"
BY_RATE: Final = "injected_by_rate"

SERVER_ERROR: Final = Failure(500, "other", "The server had an error; please retry your request.")

# The error kinds that need no words of their own, and the commonest error of all.
INJECTED: Final[Mapping[str, Failure]] = {
    name: schema.makes().failure()
    for name, schema in ERROR_KINDS.items()
    if not any(field.required for field in schema.load_fields.values())
} | {"server_error": SERVER_ERROR}


def refuse_by_header(request: Request) -> None:
    """Let a request pass that asks for no error.

    Raises:
        WithheldError: it asks for one.
        RequestError: it asks for one that there is not.
    """
    name = request.headers.get(INJECT_HEADER)
    if name is None:
        return
    if name not in INJECTED:
        message = f"The header X-LLMSim-Error: {registry.unknown('error', name, INJECTED)}"
        raise RequestError(message, code="unknown_error")
    raise WithheldError(INJECTED[name], BY_HEADER, name)


class ErrorsAtRandom:
    """The errors of a script's rates."""

    def __init__(self, rates: ErrorRates, seed: int) -> None:
        self._seed = seed
        self._up_to: list[tuple[float, str]] = []
        total = 0.0
        for key in fields(rates):
            total += getattr(rates, key.name) or 0
            self._up_to.append((total, key.name.removesuffix("_rate")))

    def drawn(self, session: str, arrival: int) -> str | None:
        """Which error the request of that arrival number gets, None for none.

        The same for the same seed, in each generation and on each worker.
        """
        digest = xxh3_64_intdigest(f"{self._seed}\0{session}\0{arrival}\0error".encode())
        share = digest / 2**64
        return next((name for up_to, name in self._up_to if share < up_to), None)

    def draw(self, session: str, arrival: int) -> None:
        """Let a request pass that gets none.

        Raises:
            WithheldError: it gets one.
        """
        name = self.drawn(session, arrival)
        if name is not None:
            raise WithheldError(INJECTED[name], BY_RATE, name)


def errors_of(rates: ErrorRates | None, seed: int | None) -> ErrorsAtRandom | None:
    """What draws for a script; None where it has no rates."""
    return ErrorsAtRandom(rates, seed or 0) if rates is not None and rates.total else None
