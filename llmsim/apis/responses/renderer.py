"""OpenAI Responses.

`openai.types.responses.Response` and its stream, which has no closing `[DONE]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from llmsim.apis.answer_schema import format_in, schema_in
from llmsim.apis.openai_errors import OpenAIRenderer
from llmsim.apis.protocol import Earlier, Violation
from llmsim.apis.renderer import Call, Shape, Stamp
from llmsim.apis.responses.body import ended
from llmsim.apis.responses.echo import OPENAI_ECHO
from llmsim.apis.responses.events import failed_steps, numbered, response_events
from llmsim.apis.responses.items import id_kind
from llmsim.apis.responses.protocol import violations
from llmsim.apis.responses.request import read_responses
from llmsim.conversation import Request
from llmsim.made_ids import Marks, made_id, made_item_id
from llmsim.reply import Failure, Reply
from llmsim.sse import Event


class ResponsesRenderer(OpenAIRenderer):
    """`/responses` as OpenAI serves it."""

    name = "responses"
    echo_table = OPENAI_ECHO
    own_messages: ClassVar[Mapping[str, str]] = {
        **OpenAIRenderer.own_messages,
        "context_length": (
            "Your input exceeds the context window of this model. Please adjust your input and "
            "try again."
        ),
    }
    own_params: ClassVar[Mapping[str, str]] = {"context_length": "input"}

    def read(self, body: dict[str, Any]) -> Call:
        """The request, validated. `Call.echo` holds every echoed field.

        `payload` and `events` need a call made here.
        """
        return read_responses(body, self.echo_table)

    def answer_schema(self, body: Mapping[str, Any]) -> Any:
        """See `Renderer.answer_schema`."""
        return schema_in(format_in(body.get("text")))

    def violations(self, request: Request, earlier: Earlier) -> Sequence[Violation]:
        """See `Renderer.violations`."""
        return violations(request, earlier)

    def sent_back(self, reply: Reply, shape: Shape, marks: Marks) -> str | None:
        """See `Renderer.sent_back`; items have ids here."""
        made = super().sent_back(reply, shape, marks)
        if made is not None:
            return made
        if reply.text is not None or reply.refusal is not None:
            return made_id("msg", marks)
        if reply.calls:
            return made_item_id(id_kind(reply.calls[0], shape), marks, 0)
        return made_id("rs", marks)

    def payload(self, reply: Reply, call: Call, stamp: Stamp) -> dict[str, Any]:
        """A `Response`, completed or incomplete."""
        return ended(reply, call, stamp)

    def broken_off(self, failure: Failure, call: Call, stamp: Stamp, sent: int) -> Iterator[Event]:
        """An `error` event and `response.failed`, as the service sends them.

        The error is nested, unlike in the published schema: so both SDKs raise at it.
        """
        nested = self.error(failure, "")
        return numbered(failed_steps(nested["error"], call, stamp), sent)

    def events(self, reply: Reply, call: Call, stamp: Stamp) -> Iterator[Event]:
        """From `response.created` to `response.completed` or `response.incomplete`."""
        return response_events(reply, call, stamp)
