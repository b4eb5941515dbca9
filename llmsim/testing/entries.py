"""What an agent sent and got, in words that are the same for every API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

from llmsim.apis import APIS
from llmsim.conversation import CalledTool, Message
from llmsim.conversation import Conversation as History
from llmsim.errors import RequestError
from llmsim.journal.joined import Joined
from llmsim.script.expressions import results

_RENDERERS: Final = {api.renderer.name: api.renderer for api in APIS}
_NOTHING: Final = History()


class Result(NamedTuple):
    """What a tool returned; `tool` is empty where the history has no call of that id."""

    tool: str
    text: str


@dataclass(frozen=True)
class Entry:
    """A request and its answer. `facts` is its entry of the journal, as the control API gives it.

    `position`, `turn` and `step` are None where it took none. `conversation` names the
    conversation, where the script plays by history.
    """

    facts: Mapping[str, Any]

    @property
    def position(self) -> int | None:
        """The position that it took."""
        return self.facts["position"]  # type: ignore[no-any-return]

    @property
    def turn(self) -> int | None:
        """The index of the turn that it got."""
        return self.facts["turn"]  # type: ignore[no-any-return]

    @property
    def step(self) -> int | None:
        """The step of its conversation, where the script plays by history."""
        return self.facts["step"]  # type: ignore[no-any-return]

    @property
    def conversation(self) -> str | None:
        """What names its conversation, where the script plays by history."""
        return self.facts["conversation"]  # type: ignore[no-any-return]

    @property
    def api(self) -> str:
        """The API that was asked: `chat`, `responses`, `openresponses`, `anthropic`."""
        return self.facts["api"]  # type: ignore[no-any-return]

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return self.facts["status"]  # type: ignore[no-any-return]

    @property
    def body(self) -> Any:
        """The JSON that was sent; None where it was too long to keep, or no JSON."""
        return self.facts.get("request_body")

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.body.get("model", "")) if isinstance(self.body, dict) else ""

    @property
    def messages(self) -> tuple[Message, ...]:
        """The history that was sent, in order."""
        return self._history.messages

    @property
    def system(self) -> str:
        """The system texts and instructions, joined."""
        return self._history.system

    @property
    def tools(self) -> list[str]:
        """The names of the tools that were offered."""
        return [tool.name for tool in self._history.tools]

    @property
    def calls(self) -> list[CalledTool]:
        """The tool calls in the history, in order."""
        return [call for message in self.messages for call in message.calls]

    @property
    def results(self) -> list[Result]:
        """What tools returned, as far as the history has it, in order."""
        return [Result(tool, message.text) for tool, message in results(self._history)]

    @property
    def last(self) -> str:
        """The text of the last message or result."""
        return self.messages[-1].text if self.messages else ""

    @cached_property
    def _history(self) -> History:
        renderer = _RENDERERS.get(self.api)
        if renderer is None or not isinstance(self.body, dict):
            return _NOTHING
        try:
            return renderer.read(self.body).conversation
        except RequestError:  # which is what was answered
            return _NOTHING


class Conversation(NamedTuple):
    """The requests of one conversation, in order.

    `id` names it where the script plays by history. Else all requests of the session are one, and
    it is None.
    """

    id: str | None
    requests: list[Entry]


def conversations(entries: Iterable[Entry]) -> list[Conversation]:
    """The requests that took a turn by their conversation, in the order in which these began.

    A first request that got an error has no id yet: it cannot be told whose it is.
    """
    found: dict[str | None, list[Entry]] = {}
    joined: dict[str, Joined] = {}
    for entry in entries:
        if entry.position is not None:
            generation = entry.facts["generation"]
            name = joined.setdefault(generation, Joined(generation)).name(entry.facts)
            found.setdefault(name, []).append(entry)
    return [Conversation(name, requests) for name, requests in found.items()]
