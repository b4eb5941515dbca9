"""`error`: the provider fails. What it answers is the error kind's affair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from llmsim.conversation import Request
from llmsim.reply import Failure
from llmsim.script.error_kinds import ERROR_KINDS, ErrorKind
from llmsim.script.one_of import OneOf
from llmsim.script.rules import expected, require
from llmsim.script.turn_keys import TURN_KEYS
from llmsim.script.turns.turn import Turn

_CLASSES = frozenset(schema.makes for schema in ERROR_KINDS.values())


@dataclass(frozen=True, slots=True)
class Error(Turn):
    """An error of some kind: `Error(RateLimit())`."""

    kind: ErrorKind
    _failure: Failure = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require(
            "kind",
            None
            if type(self.kind) in _CLASSES
            else expected("an error kind such as RateLimit()", self.kind),
        )
        self.check_keys()
        object.__setattr__(self, "_failure", self.kind.failure())

    @property
    def leaves_trace(self) -> bool:
        """No client puts an error into its history."""
        return False

    def play(self, serial: str, request: Request) -> Failure:  # noqa: ARG002
        """The kind's failure."""
        return self._failure


class ErrorSchema(OneOf):
    """The provider fails. In JSON the kind's keys stand beside `kind`."""

    makes = Error
    what = "error kind"
    type_field = "kind"
    type_schemas = ERROR_KINDS

    def _load(self, data: Any, **options: Any) -> Error:
        kind, turn_keys = super()._load(data, **options)
        return Error(kind, **turn_keys)

    def _dump(self, obj: Any, **options: Any) -> dict[str, Any]:
        return {**super()._dump(obj.kind, **options), **TURN_KEYS.dump(obj)}
