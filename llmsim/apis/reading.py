"""Checks for the fields of a request body.

A refusal names the field, what is wrong with it and what would be right.

`null` counts as absent throughout. `param` and the codes are those of OpenAI's error object
(`param`, `code`).

Paths are kept in parts, and written where an error names them: a history has hundreds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmsim.errors import RequestError
from llmsim.json_text import ascii_json, type_name

Path = str | tuple["Path", str | int]
"""Where a value stands in a body: `messages`, or what it stands in, and its key or index there."""


def written(path: Path) -> str:
    """The path as an error names it: `messages[0].content`."""
    if isinstance(path, str):
        return path
    outer, last = path
    return f"{written(outer)}[{last}]" if isinstance(last, int) else f"{written(outer)}.{last}"


def missing(path: Path, what: str) -> RequestError:
    """The refusal of a body that lacks what belongs at `path`.

    `what` says what that is ("an array of messages").
    """
    param = written(path)
    return RequestError(
        f"'{param}' is required: {what}.", param=param, code="missing_required_parameter"
    )


def wrong_type(path: Path, expected: str, value: Any) -> RequestError:
    """The refusal of a value of another JSON type than `expected` ("a boolean")."""
    param = written(path)
    return RequestError(
        f"'{param}' must be {expected}, got {type_name(value)}.", param=param, code="invalid_type"
    )


def required_string(fields: dict[str, Any], name: str, where: Path | None = None) -> str:
    """`fields[name]`, a string that is not empty. `where` is the path of `fields` in the body.

    Raises:
        RequestError: it is absent, no string, or empty.
    """
    value = fields.get(name)
    if isinstance(value, str) and value:
        return value
    path = _inner(where, name)
    if value is None:
        raise missing(path, "a string")
    if value == "":
        param = written(path)
        raise RequestError(
            f"'{param}' must not be an empty string.", param=param, code="empty_string"
        )
    raise wrong_type(path, "a string", value)


def optional_string(fields: dict[str, Any], name: str, where: Path | None = None) -> str | None:
    """`fields[name]`, a string or None.

    Raises:
        RequestError: it is something else.
    """
    value = fields.get(name)
    if value is None or isinstance(value, str):
        return value
    raise wrong_type(_inner(where, name), "a string", value)


def optional_boolean(fields: dict[str, Any], name: str, where: Path | None = None) -> bool:
    """`fields[name]`, a boolean; False where it is absent. Numbers and words are no booleans.

    Raises:
        RequestError: it is something else.
    """
    value = fields.get(name)
    if value is None or isinstance(value, bool):
        return bool(value)
    raise wrong_type(_inner(where, name), "a boolean", value)


def _inner(where: Path | None, name: str) -> Path:
    return name if where is None else (where, name)


def optional_object(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """`fields[name]`, an object; an empty one where it is absent.

    Raises:
        RequestError: it is something else.
    """
    value = fields.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise wrong_type(name, "an object", value)


def was_integer(value: Any) -> bool:
    """Whether the body has an integer there; one above 64 bits is read as a float."""
    return type(value) is int or (type(value) is float and abs(value) >= 2**63)


def integer_between(fields: dict[str, Any], name: str, low: int, high: int) -> int:
    """`fields[name]`, an integer from `low` to `high`; `low` where it is absent.

    `true` and `1.0` are no integers.

    Raises:
        RequestError: it is something else, or out of range.
    """
    value = fields.get(name)
    if value is None:
        return low
    expected = f"an integer from {low} to {high}"
    if isinstance(value, float):
        raise RequestError(
            f"'{name}' must be {expected}, got {value}.", param=name, code="invalid_type"
        )
    if type(value) is not int:
        raise wrong_type(name, expected, value)
    if low <= value <= high:
        return value
    code = "integer_below_min_value" if value < low else "integer_above_max_value"
    raise RequestError(f"'{name}' must be {expected}, got {value}.", param=name, code=code)


def filled_array(value: Any, param: str, what: str) -> Any:
    """`value`, if it is there and no empty array; what else it may be is for the caller to see.

    `what` completes the refusal.

    Raises:
        RequestError: it is absent or an empty array.
    """
    if value is None:
        raise missing(param, what)
    if value == []:
        raise RequestError(
            f"'{param}' must not be an empty array.", param=param, code="empty_array"
        )
    return value


def objects(value: Any, where: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The elements of the array `value`, each with its path (`tools[0]`); none where it is absent.

    Raises:
        RequestError: it is no array, or an element is no object.
    """
    if value is None:
        return
    if not isinstance(value, list):
        raise wrong_type(where, "an array", value)
    for index, element in enumerate(value):
        path = where, index
        if not isinstance(element, dict):
            raise wrong_type(path, "an object", element)
        yield path, element


def json_of(value: Any, path: Path) -> str:
    """`value` as compact JSON; a number too large for a double (`1e400`) becomes null.

    Raises:
        RequestError: it is nested too deeply to write.
    """
    try:
        return ascii_json(value).decode("ascii")
    except (ValueError, RecursionError):
        param = written(path)
        raise RequestError(
            f"'{param}' is nested too deeply.", param=param, code="invalid_value"
        ) from None
