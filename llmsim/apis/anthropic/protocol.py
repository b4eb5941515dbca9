"""What the Anthropic API refuses of a request that can be read. Its errors name no `param`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from llmsim.apis.anthropic.digest import Digest, digest_of
from llmsim.apis.anthropic.rules import calls, options, texts
from llmsim.apis.protocol import NOTHING, Rules, Violation, broken
from llmsim.conversation import Request

_OF_OPTIONS: Final[Rules[Digest]] = {
    "tool_name": options.tool_name,
    "tool_name_twice": options.tool_name_twice,
    "combined_schema": options.combined_schema,
    "cache_controls": options.cache_controls,
    "thinking_budget": options.thinking_budget,
}
RULES: Final[Rules[Digest]] = {
    **_OF_OPTIONS,
    "call_id_form": calls.call_id_form,
    "text_empty": texts.text_empty,
    "content_empty": texts.content_empty,
    "call_id_twice": calls.call_id_twice,
    "call_without_result": calls.call_without_result,
    "result_without_call": calls.result_without_call,
    "result_twice": calls.result_twice,
    "prefill": texts.prefill,
    "white_space_at_end": texts.white_space_at_end,
}


def violations(request: Request) -> Sequence[Violation]:
    """What of the request the API would refuse, in the order of the request."""
    digest = digest_of(request.body)
    rules = RULES
    if digest.has_plain_messages:
        rules = _OF_OPTIONS if digest.has_options else {}
    return broken(rules, digest) or NOTHING
