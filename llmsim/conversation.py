"""What a request said, in words that belong to no provider.

Named tuples: each request makes several, in half of the time that frozen dataclasses take.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple

SYSTEM_ROLES = ("system", "developer")
RESULT_ROLE = "tool"
# The response that a request goes on from: a whole answer, to which no later item belongs.
PREVIOUS_RESPONSE: Final = "previous_response"
# Elements of the Responses APIs that stand for something that the assistant said or thought.
STAND_IN_ROLES = ("reasoning", "item_reference", PREVIOUS_RESPONSE)
ASSISTANT_ROLES = frozenset(("assistant", *STAND_IN_ROLES))
# Each API has its own place for system messages; the others are no messages.
_PASSED_OVER = (*SYSTEM_ROLES, *STAND_IN_ROLES)
# By which a request asks for an error.
INJECT_HEADER: Final = "x-llmsim-error"
# The headers of a request that may be written down; whatever is not listed may be a secret.
_KEPT_HEADERS: Final = (
    "accept accept-encoding content-type content-length user-agent x-stainless-lang "
    "x-stainless-package-version x-stainless-os "
    "x-stainless-arch x-stainless-runtime x-stainless-runtime-version x-stainless-async "
    "x-stainless-retry-count x-stainless-read-timeout "
    "x-stainless-timeout x-stainless-helper-method openai-beta openai-organization "
    "openai-project anthropic-version anthropic-beta "
    "x-client-request-id session-id thread-id originator x-app x-claude-code-session-id "
    "traceparent idempotency-key x-llmsim-error"
)
KEPT_HEADERS: Final = tuple(_KEPT_HEADERS.split())


class CalledTool(NamedTuple):
    """A tool call that the client sends back as part of its history.

    `arguments` is JSON text; `id` is empty where the client sent none.
    """

    name: str
    arguments: str
    id: str = ""


class Message(NamedTuple):
    """One element of the history: a message, a tool's result, or an item that stands for one.

    `role` is the provider's word, `tool` for every tool result. `text` joins the text parts,
    `images` counts the parts that are pictures. `call_id` names the call that a result answers,
    `item_id` is the element's own id. `speaker` is the name of the participant who said it, where
    the client names one.
    """

    role: str
    text: str
    calls: tuple[CalledTool, ...] = ()
    images: int = 0
    call_id: str = ""
    item_id: str = ""
    speaker: str = ""


class Tool(NamedTuple):
    """A tool that the client offers.

    `definition` is its whole JSON text, `kind` the client's word for its type, `function` where it
    says none.
    """

    name: str
    definition: str
    kind: str = "function"


@dataclass(slots=True)
class Conversation:
    """A request's history: all its elements in the order in which the client sent them.

    `system` joins system texts and instructions, wherever they stood. `counted` and `stood` are
    what was once found out about it, by `llmsim.usage` and by the order by history: a body that
    comes again brings the same object. `is_thread` says that system text and tools are those of the
    response that it goes on from, and nobody sends them again.
    """

    system: str = ""
    messages: tuple[Message, ...] = ()
    tools: tuple[Tool, ...] = ()
    is_thread: bool = False
    counted: int | None = field(default=None, compare=False)
    stood: tuple[Any, Any] | None = field(default=None, compare=False)

    @property
    def last_message(self) -> Message | None:
        """The last message, whoever said it; a system message does not count."""
        messages = reversed(self.messages)
        return next((each for each in messages if each.role not in _PASSED_OVER), None)


_EMPTY: Final[Mapping[str, Any]] = MappingProxyType({})


class Request(NamedTuple):
    """What was asked, the same for every API.

    `api` is the API's name, `session` the session that the request names. `retry` is which retry
    the client says that this is, 0 for none. `headers` holds those that a journal may keep, by
    their names in lower case. `body` is the JSON object as the client sent it.
    """

    conversation: Conversation = Conversation()
    api: str = ""
    model: str = ""
    stream: bool = False
    session: str = ""
    retry: int = 0
    headers: Mapping[str, str] = _EMPTY
    body: Mapping[str, Any] = _EMPTY
