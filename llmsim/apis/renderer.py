"""What one provider's API is to the rest of the program.

A `Renderer`, and the `Call` and `Stamp` that it works with.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple

from llmsim.allowance import Allowance
from llmsim.apis.protocol import NOTHING, Earlier, Violation
from llmsim.conversation import Conversation, Request
from llmsim.made_ids import MADE_CALL, Marks, made_id
from llmsim.reply import Failure, Reply
from llmsim.sse import Event
from llmsim.usage import Usage


class Shape(NamedTuple):
    """What a request asks of the shape of its answer. The same turn in one shape is rendered alike.

    `include_usage` asks for the usage in a chat stream, `choices` is how many times the turn stands
    in the answer (`n`). `logprobs` asks for the log probability of each piece of text, and
    `alternatives` for the most likely ones beside it. `encrypted_reasoning` asks for reasoning that
    the client can send back. Calls of `custom_tools` have free text, and `legacy_functions` is the
    form of a call before there were tools.
    """

    include_usage: bool = False
    choices: int = 1
    logprobs: bool = False
    alternatives: bool = False
    encrypted_reasoning: bool = False
    legacy_functions: bool = False
    custom_tools: frozenset[str] = frozenset()

    def for_reply(self, reply: Reply) -> Shape:
        """The same without the tools that are not called: a client may offer any number."""
        if not self.custom_tools:
            return self
        called = frozenset(call.name for call in reply.calls)
        return self._replace(custom_tools=self.custom_tools & called)


class Call(NamedTuple):
    """A request body, read and found valid.

    `echo` holds the fields that the API repeats in its answer.
    """

    conversation: Conversation
    model: str
    stream: bool = False
    shape: Shape = Shape()
    echo: Mapping[str, Any] = MappingProxyType({})


class Stamp(NamedTuple):
    """What differs between two answers that serve the same turn.

    `marks` make its ids unique and tell the order where a framework hides the headers. `created` is
    in Unix seconds.
    """

    marks: Marks
    created: int
    usage: Usage

    def id(self, kind: str, separator: str = "_") -> str:
        """An id of that kind: `resp_llmsim_<generation>_<position>`."""
        return made_id(kind, self.marks, separator)


class Renderer(ABC):
    """One API. Pure: no clock, no chance, no request and no sleep inside.

    Ids and time come in with the `Stamp`.

    `payload` and `events` get the same `Reply`, so that the plain and the streamed answer cannot
    disagree.
    """

    name: str
    own_messages: ClassVar[Mapping[str, str]] = {}
    own_statuses: ClassVar[Mapping[str, int]] = {}
    own_params: ClassVar[Mapping[str, str]] = {}
    request_id_header = "x-request-id"
    processing_ms_header: str | None = None

    @abstractmethod
    def read(self, body: dict[str, Any]) -> Call:
        """The request body, validated.

        Raises:
            RequestError: a field is missing or wrong; nothing was consumed.
        """

    def answer_schema(self, body: Mapping[str, Any]) -> Any:  # noqa: ARG002
        """The JSON Schema that a request wants the answer's text to fit; None where it wants none.

        `{}` where any JSON will do. `body` was read before.
        """
        return None

    def sent_back(
        self,
        reply: Reply,
        shape: Shape,  # noqa: ARG002
        marks: Marks,  # noqa: ARG002
    ) -> str | None:
        """The first made id of an answer that clients put into their history, None for none.

        Only call ids come back, where an API's items have no ids of their own.
        """
        ids = (call.id for call in reply.calls)
        return next((name for name in ids if name.startswith(MADE_CALL)), None)

    def violations(self, request: Request, earlier: Earlier) -> Sequence[Violation]:  # noqa: ARG002
        """What of a request that `read` took the real API would refuse, what it meets first first.

        `earlier` tells of answers that a request refers to. `NOTHING` itself comes back where no
        earlier answer could make a difference.
        """
        return NOTHING

    @abstractmethod
    def payload(self, reply: Reply, call: Call, stamp: Stamp) -> dict[str, Any]:
        """The body of a plain answer."""

    @abstractmethod
    def events(self, reply: Reply, call: Call, stamp: Stamp) -> Iterator[Event]:
        """The events of a streamed answer, in order, the closing ones included."""

    def in_own_words(self, failure: Failure) -> Failure:
        """The failure with this API's own status for its kind, and its words where there are none.

        They stand in `own_statuses`, `own_messages` and `own_params`, by kind.
        """
        kind = failure.kind
        return replace(
            failure,
            status=self.own_statuses.get(kind, failure.status),
            message=failure.message or self.own_messages.get(kind, ""),
            param=failure.param or self.own_params.get(kind),
        )

    @abstractmethod
    def error(self, failure: Failure, request_id: str) -> dict[str, Any]:
        """The body of an error answer."""

    @abstractmethod
    def broken_off(self, failure: Failure, call: Call, stamp: Stamp, sent: int) -> Iterator[Event]:
        """The events that end a stream with an error, after `sent` others."""

    @abstractmethod
    def rate_limits(self, allowances: Iterable[Allowance], now: float) -> list[tuple[str, str]]:
        """The headers that say how limits stand, at `now` in Unix seconds."""
