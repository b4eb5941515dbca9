"""Log probabilities, of a model that is certain of every word.

`openai.types.chat.ChatCompletionTokenLogprob`; Responses has the same shape
(`openai.types.responses.response_output_text.Logprob`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_CERTAIN = 0.0


def logprobs(pieces: Iterable[str], *, alternatives: bool) -> list[dict[str, Any]]:
    """One entry for each piece. Of the `alternatives` to it there is only the piece itself."""
    return [_entry(piece, alternatives=alternatives) for piece in pieces]


def _entry(piece: str, *, alternatives: bool) -> dict[str, Any]:
    # A lone surrogate has no UTF-8; its bytes are at least those that others write for it.
    token = {
        "token": piece,
        "logprob": _CERTAIN,
        "bytes": list(piece.encode("utf-8", "surrogatepass")),
    }
    return {**token, "top_logprobs": [token] if alternatives else []}
