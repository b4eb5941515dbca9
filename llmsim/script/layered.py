"""What may be said in several places: by a script, and by the settings around it."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, TypeVar

T = TypeVar("T", bound=Any)


def over(inner: T | None, outer: T) -> T:
    """The dataclass `outer` with each field that `inner` gives; None gives nothing."""
    if inner is None:
        return outer
    given = {key.name: getattr(inner, key.name) for key in fields(inner)}
    return replace(outer, **{key: value for key, value in given.items() if value is not None})
