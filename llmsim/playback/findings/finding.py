"""A finding, and the kinds that there are."""

from __future__ import annotations

from typing import Final, NamedTuple

UNOFFERED_TOOL: Final = "unoffered_tool"
UNFIT_ARGUMENTS: Final = "unfit_arguments"
UNFIT_TEXT: Final = "unfit_text"
UNANSWERED_CALL: Final = "unanswered_call"
REPEATED_RESULT: Final = "repeated_result"
CUT_ANSWER: Final = "cut_answer"
FOREIGN_ANSWERS: Final = "foreign_answers"
EARLY_RETRY: Final = "early_retry"
FAST_RETRIES: Final = "fast_retries"
USELESS_RETRY: Final = "useless_retry"

KINDS: Final = {
    UNOFFERED_TOOL: "the script calls a tool that the request does not offer",
    UNFIT_ARGUMENTS: "the script calls a tool with arguments that the offered schema refuses",
    UNFIT_TEXT: "the request asks for JSON, and the script's text is none or does not fit",
    UNANSWERED_CALL: "the history goes on behind a call, without the result of that call",
    REPEATED_RESULT: "the history holds two results of one call",
    CUT_ANSWER: "the history holds a part of an answer as if it were the whole",
    FOREIGN_ANSWERS: "the history holds answers that are none of the script's, and they count",
    EARLY_RETRY: "a retry came before `Retry-After` had passed",
    FAST_RETRIES: "too many retries came within a second",
    USELESS_RETRY: "a retry came although the error said `x-should-retry: false`",
}


class Finding(NamedTuple):
    """One of `KINDS`, and a sentence that says what was found."""

    kind: str
    text: str
