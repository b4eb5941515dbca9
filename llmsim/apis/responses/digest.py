"""What the protocol rules look at in a Responses request, gathered in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from llmsim.apis.openai_tools import Offered, doubtful
from llmsim.apis.protocol import Earlier
from llmsim.conversation import Request
from llmsim.made_ids import MadeId, taken_apart

Json = dict[str, Any]

_CALLS: Final = {"function_call": "function call", "custom_tool_call": "custom tool call"}
_REFERRED: Final = {"fc": "function call", "ctc": "custom tool call"}
_RESULTS: Final = ("function_call_output", "custom_tool_call_output")
_REFERENCE: Final = "item_reference"
# With these, a part of the history stands where nobody sees it here.
_ELSEWHERE: Final = ("conversation", "prompt")
MOST_OF_A_CALL_ID: Final = 64

Called = tuple[Any, str, int]
"""A call: its id, the API's word for its kind, and where it is; -1 in an earlier response."""

Item = tuple[int, str, str]
"""An item with an id of its own: where it is, its kind, and that id."""


class Digest(NamedTuple):
    """What the rules look at.

    `named` are the items with ids, `thoughts` the indices of reasoning, `results` those of
    results, their types, and the ids that they name. `spoken` are the indices of assistant messages
    in parts, `references` those of references to other items than messages and reasoning.
    `functions` are the offered ones that are not known to be without fault.
    """

    body: Mapping[str, Any]
    earlier: Earlier
    named: list[Item]
    thoughts: list[int]
    calls: list[Called]
    results: list[tuple[int, str, Any]]
    spoken: list[int]
    references: list[int]
    functions: list[Offered]

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing that a rule could find fault with."""
        if self.named or self.thoughts or self.spoken or self.references or self.functions:
            return False
        return "previous_response_id" not in self.body and _are_sound(self.calls, self.results)

    @property
    def items(self) -> Sequence[Json]:
        """As the client sent them."""
        items: Sequence[Json] = self.body["input"]
        return items

    def calls_elsewhere(self) -> tuple[list[Called], bool]:
        """The calls of the previous response and those referred to, and whether all are known."""
        before, known = self._called_before()
        referred, resolved = self._referred_to()
        is_whole = known and resolved and all(self.body.get(name) is None for name in _ELSEWHERE)
        return before + referred, is_whole

    def may_be_older(self, call_id: str) -> bool:
        """Whether the call may be of a response that the previous one went on from."""
        previous = self._previous()
        return previous is not None and self.earlier.may_have_called(call_id, previous)

    def _called_before(self) -> tuple[list[Called], bool]:
        """The calls of the previous response, and whether they are known."""
        if not isinstance(self.body.get("previous_response_id"), str):
            return [], True
        previous = self._previous()
        ids = self.earlier.calls(previous) if previous else None
        if ids is None:
            return [], False
        return [(name, "function call", -1) for name in ids], True

    def _previous(self) -> MadeId | None:
        """What the id of the previous response says."""
        name = self.body.get("previous_response_id")
        return taken_apart(name) if isinstance(name, str) else None

    def _referred_to(self) -> tuple[list[Called], bool]:
        """The calls that references stand for, and whether all are known."""
        calls: list[Called] = []
        for index in self.references:
            made = taken_apart(self.items[index]["id"])
            ids = self.earlier.calls(made) if made else None
            if made and ids and made.kind in _REFERRED and made.call < len(ids):
                calls.append((ids[made.call], _REFERRED[made.kind], index))
        return calls, len(calls) == len(self.references)


def _are_sound(calls: Sequence[Called], results: Sequence[tuple[int, str, Any]]) -> bool:
    """Whether the results answer the calls in their order, each behind its call."""
    if len(calls) != len(results):
        return False
    for (call_id, _, called), (told, _, name) in zip(calls, results, strict=True):
        if called > told or call_id != name or not isinstance(name, str):
            return False
        if len(name) > MOST_OF_A_CALL_ID:
            return False
    return True


def kind_of(item: Json) -> str:
    """An item's type; a message may leave its own out, and a reference too."""
    kind = item.get("type")
    if isinstance(kind, str):
        return kind
    return "message" if "role" in item else _REFERENCE


def digest_of(request: Request, earlier: Earlier) -> Digest:
    """One pass over the items."""
    body = request.body
    tools = body.get("tools")
    functions = doubtful(tools, request.conversation.tools) if tools else []
    digest = Digest(body, earlier, [], [], [], [], [], [], functions)
    items = body.get("input")
    for index, item in enumerate(items if isinstance(items, list) else ()):
        kind = kind_of(item)
        if "id" in item and isinstance(item["id"], str):
            digest.named.append((index, kind, item["id"]))
        if kind == "message":
            if item.get("role") == "assistant" and isinstance(item.get("content"), list):
                digest.spoken.append(index)
        else:
            _add(digest, index, kind, item)
    return digest


def _add(digest: Digest, index: int, kind: str, item: Json) -> None:
    if kind in _CALLS:
        digest.calls.append((item.get("call_id"), _CALLS[kind], index))
    elif kind in _RESULTS:
        digest.results.append((index, kind, item.get("call_id")))
    elif kind == "reasoning":
        digest.thoughts.append(index)
    elif kind == _REFERENCE and isinstance(item.get("id"), str):
        _add_reference(digest, index, item["id"])


def _add_reference(digest: Digest, index: int, name: str) -> None:
    if name.startswith("rs_"):
        digest.thoughts.append(index)
    elif not name.startswith("msg_"):
        digest.references.append(index)
