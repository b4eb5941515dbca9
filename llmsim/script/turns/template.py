"""`template`: the model says something in which values of the request stand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from marshmallow import ValidationError

from llmsim.conversation import Request
from llmsim.reply import Reply, Text
from llmsim.script import fields, template
from llmsim.script.rules import a_string, require
from llmsim.script.turns.replying import Replying, ReplyingSchema
from llmsim.script.values import Values


@dataclass(frozen=True, slots=True)
class Template(Replying):
    """Text in which each `{{ expression }}` gives way to what it finds in the request.

    `{{{{` is the text `{{`. What is not found is an empty text.
    """

    text: str
    makes_text: ClassVar[bool] = True
    _pieces: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require("text", a_string(self.text))
        for _, problem in template.problems(self.text):
            require("text", problem)
        self.check()
        object.__setattr__(self, "_pieces", template.pieces(self.text))

    @property
    def reads_request(self) -> bool:
        """See `Turn.reads_request`."""
        return True

    def play(self, serial: str, request: Request) -> Reply:  # noqa: ARG002
        """The text, filled."""
        values = Values(request)
        text = Text(template.filled(self._pieces, values))
        return replace(self.reply(text), not_found=values.not_found)


class TemplateText(fields.Text):
    """A text with expressions; what is wrong with one is said of the line that it is in."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        found = list(template.problems(text))
        if found and isinstance(value, list):
            raise ValidationError(_by_line(value, found))
        if found:
            raise ValidationError([problem for _, problem in found])
        return text


class TemplateSchema(ReplyingSchema):
    """The assistant says something in which values of the request stand."""

    makes = Template
    text = TemplateText(
        "What the assistant says. Each {{ JMESPath expression }} gives way to what it finds in "
        "{model, system, first, last, results, body}; '{{{{' is '{{'.",
        required=True,
    )


def _by_line(lines: list[str], found: list[tuple[int, str]]) -> dict[int, list[str]]:
    by_line: dict[int, list[str]] = {}
    for offset, problem in found:
        number = end = 0
        while (end := end + len(lines[number]) + 1) <= offset:
            number += 1
        by_line.setdefault(number, []).append(problem)
    return by_line
