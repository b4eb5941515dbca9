"""What OpenAI's Responses API refuses of a request that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from llmsim.apis.protocol import NOTHING, Earlier, Rules, Violation, broken
from llmsim.apis.responses.digest import Digest, digest_of
from llmsim.apis.responses.rules import items, pairs
from llmsim.conversation import Request

RULES: Final[Rules[Digest]] = {
    "tool_name": items.tool_name,
    "strict_schema": items.strict_schema,
    "item_id_of_other_kind": items.item_id_of_other_kind,
    "input_text_of_assistant": items.input_text_of_assistant,
    "call_id_too_long": items.call_id_too_long,
    "item_twice": items.item_twice,
    "reasoning_without_item": pairs.reasoning_without_item,
    "item_without_reasoning": pairs.item_without_reasoning,
    "result_without_call": pairs.result_without_call,
    "call_without_result": pairs.call_without_result,
}


def violations(request: Request, earlier: Earlier) -> Sequence[Violation]:
    """What of the request the API would refuse, in the order of the request."""
    digest = digest_of(request, earlier)
    return NOTHING if digest.is_plain else broken(RULES, digest)
