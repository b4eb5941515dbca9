"""Words of other formats that authors write by habit, and what they are in a script."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping

from llmsim import registry

KEYS: Mapping[str, str] = {
    "content": "text",
    "message": "text",
    "messages": "turns",
    "responses": "turns",
    "script": "turns",
    "tool_calls": "calls",
    "function": "name",
    "args": "arguments",
    "input": "arguments",
    "parameters": "arguments",
    "thinking": "reasoning",
    "stop_reason": "finish_reason",
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "status": "status_code",
    "role": "type",
    "delay": "latency",
    "rpm": "requests_per_minute",
    "tpm": "tokens_per_minute",
    "system": "system_contains",
    "first": "first_contains",
    "last": "last_contains",
}

# What stands for a word of a list: a turn's type, an error's kind, a finish reason.
WORDS: Mapping[str, str] = {
    **dict.fromkeys(("text", "message", "output_text", "answer", "reply"), "assistant"),
    **dict.fromkeys(("tool", "tool_use", "function", "function_call"), "tool_calls"),
    "400": "invalid_request",
    "bad_request": "invalid_request",
    "401": "authentication",
    "auth": "authentication",
    "unauthorized": "authentication",
    "403": "permission",
    "forbidden": "permission",
    "404": "not_found",
    "408": "timeout",
    "429": "rate_limit",
    "too_many_requests": "rate_limit",
    **dict.fromkeys(("500", "502", "server_error", "api_error", "internal"), "other"),
    "internal_server_error": "other",
    "503": "overloaded",
    "529": "overloaded",
    "service_unavailable": "overloaded",
    "504": "timeout",
    "disconnect": "connection_reset",
    "end_turn": "stop",
    **dict.fromkeys(("stop", "fail", "end"), "error"),
    "restart": "loop",
    "max_tokens": "length",
}

# Whose turns a conversation has besides, and a script has not.
_OTHERS = ("user", "human", "system", "developer")


def unknown_key(key: str, choices: tuple[str, ...], present: Container[str]) -> str:
    """The sentence about a key that is none of `choices`; `present` has those that were written."""
    meant = KEYS.get(key)
    is_one = meant in choices and meant not in present
    return registry.unknown("key", key, choices, meant if is_one else None)


def unknown_word(what: str, word: str, choices: Iterable[str]) -> str:
    """The sentence about a word that is none of `choices`; `what` says what they are."""
    known = tuple(choices)
    sentence = registry.unknown(what, word, known, meant_by(word, known))
    if word in _OTHERS and "assistant" in known and "user" not in known:
        return f"{sentence}; a script has the assistant's turns alone"
    return sentence


def meant_by(word: str, known: Container[str]) -> str | None:
    """What of `known` stands for a word of another format; None where nothing does."""
    meant = WORDS.get(word.lower().replace("-", "_"))
    return meant if meant in known else None


def missing_word(key: str, words: Iterable[str], present: Iterable[str]) -> str:
    """The sentence about a missing `key` that must be one of `words`."""
    sentence = f"missing key {key!r}; expected one of {', '.join(map(repr, words))}"
    slip = next((other for other in present if KEYS.get(other) == key), None)
    return f"{sentence}; did you mean {key!r} by {slip!r}?" if slip else sentence
