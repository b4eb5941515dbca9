"""What OpenAI's Chat Completions API refuses of a request that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from llmsim.apis.chat.digest import Digest, digest_of
from llmsim.apis.chat.rules import calls, options
from llmsim.apis.protocol import NOTHING, Rules, Violation, broken
from llmsim.conversation import Request

RULES: Final[Rules[Digest]] = {
    "tools_empty": options.tools_empty,
    "tool_name": options.tool_name,
    "strict_schema": options.strict_schema,
    "option_without_tools": options.option_without_tools,
    "calls_empty": calls.calls_empty,
    "call_id_too_long": calls.call_id_too_long,
    "json_not_mentioned": options.json_not_mentioned,
    "content_missing": options.content_missing,
    "result_without_id": calls.result_without_id,
    "result_without_call": calls.result_without_call,
    "result_of_other_call": calls.result_of_other_call,
    "call_without_result": calls.call_without_result,
}


def violations(request: Request) -> Sequence[Violation]:
    """What of the request the API would refuse, in the order of the request."""
    digest = digest_of(request)
    return NOTHING if digest.is_plain else broken(RULES, digest) or NOTHING
