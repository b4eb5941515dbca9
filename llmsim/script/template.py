"""Texts that take values from the request: `{{ <expression> }}` inside them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmsim.script.expressions import an_expression
from llmsim.script.values import Values

_SHOWN = 60

_OPENS = re.compile(r"\{\{(\{\{)?")
# Braces inside the strings of an expression open and close nothing.
_TOKEN = re.compile(
    r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|[^'"`{}]+|.""", re.DOTALL
)


class UnclosedError(ValueError):
    """A `{{` without its `}}`; `offset` says where."""

    def __init__(self, offset: int) -> None:
        super().__init__("'{{' without '}}'; for the two characters themselves write '{{{{'")
        self.offset = offset


def pieces(text: str) -> tuple[str, ...]:
    """Text and expressions in turn. `{{{{` is the text `{{`.

    Raises:
        UnclosedError: an expression does not end.
    """
    return tuple(piece for piece, _ in _pieces(text))


def filled(pieces: tuple[str, ...], values: Values) -> str:
    """The text with the values of a request."""
    parts = list(pieces)
    parts[1::2] = map(values.text, parts[1::2])
    return "".join(parts)


def problems(text: str) -> Iterator[tuple[int, str]]:
    """What is wrong with the expressions of a text, and at which offset."""
    try:
        found = list(_pieces(text))
    except UnclosedError as error:
        yield error.offset, str(error)
        return
    for expression, offset in found[1::2]:
        if problem := an_expression(expression):
            shown = expression if len(expression) <= _SHOWN else f"{expression[:_SHOWN]}..."
            yield offset, f"{{{{ {shown} }}}}: {problem}"


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """The pieces, each with its offset."""
    said: list[str] = []
    at = start = 0
    while found := _OPENS.search(text, at):
        said.append(text[at : found.start()])
        at = found.end()
        if found[1]:
            said.append("{{")
            continue
        end = _end(text, at)
        if end is None:
            raise UnclosedError(found.start())
        yield "".join(said), start
        yield text[at:end].strip(), at
        said = []
        at = start = end + 2
    yield "".join([*said, text[at:]]), start


def _end(text: str, at: int) -> int | None:
    """Where the expression that begins there meets its `}}`; None where it does not."""
    depth = 0
    for token in _TOKEN.finditer(text, at):
        if token[0] == "{":
            depth += 1
        elif token[0] == "}":
            if not depth:
                return token.start() if text.startswith("}}", token.start()) else None
            depth -= 1
    return None
