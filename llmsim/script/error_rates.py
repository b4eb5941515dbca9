"""`errors`: the share of requests that get an error in the place of a turn."""

from __future__ import annotations

from dataclasses import dataclass, fields

from llmsim.script.fields import Checked, Optional, OptionalPart, PartSchema
from llmsim.script.rules import a_number, optional, require

_a_rate = a_number(0, 1)


@dataclass(frozen=True, slots=True)
class ErrorRates:
    """Of all requests, the share that gets each error: 0.1 is one in ten.

    None leaves what the settings say.

    Raises:
        ScriptInvalidError: a rate is not between 0 and 1, or all together are above 1.
    """

    rate_limit_rate: float | None = None
    server_error_rate: float | None = None
    timeout_rate: float | None = None

    def __post_init__(self) -> None:
        for key in fields(self):
            value = getattr(self, key.name)
            require(key.name, optional(_a_rate)(value))
            if isinstance(value, float) and value.is_integer():
                object.__setattr__(self, key.name, int(value))  # equal scripts are written alike
        total = self.total
        require("", f"the rates add up to {total:g}; all requests are 1" if total > 1 else None)

    @property
    def total(self) -> float:
        """The share of requests that get any of the errors."""
        rates = [getattr(self, key.name) or 0 for key in fields(self)]
        return round(sum(rates), 9)  # 0.7 + 0.2 + 0.1 is a little more than 1


def _rate(description: str) -> Checked:
    return Optional(
        _a_rate,
        {"type": "number", "minimum": 0, "maximum": 1},
        f"The share of requests that get {description}: 0.1 is one in ten.",
        load_default=None,
    )


class ErrorRatesSchema(PartSchema):
    """Errors at random. A request that gets one takes no turn."""

    makes = ErrorRates
    rate_limit_rate = _rate("HTTP 429")
    server_error_rate = _rate("HTTP 500")
    timeout_rate = _rate("HTTP 504")


def error_rates_field() -> OptionalPart:
    """The key `errors`."""
    return OptionalPart(
        ErrorRatesSchema(), "Errors at random. A request that gets one takes no turn."
    )
