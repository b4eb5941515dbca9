"""Keeps secrets out of the journal.

Those that stand inside a request's body, as in the tool definitions of MCP servers.

Headers need no such care: only those of an allow-list are kept.
"""

from __future__ import annotations

import re
from typing import Any, Final

from llmsim.json_text import ascii_json

REDACTED: Final = "[redacted]"

# Whatever stands below these keys, at any depth, may be a secret. A space stands for a hyphen, an
# underscore or nothing; case does not matter.
_HIDDEN_KEYS: Final = (
    "authorization, proxy authorization, authorization token, headers, http headers, extra "
    "headers, default headers, cookie, cookies, set cookie, "
    "api key, x api key, token, access token, refresh token, id token, auth token, bearer "
    "token, session token, password, passwd, secret, "
    "client secret, secret key, access key, secret access key, private key, credentials"
)
_NAMES = "|".join(name.replace(" ", "[-_]?") for name in _HIDDEN_KEYS.split(", "))
_HIDDEN_KEY = re.compile(_NAMES, re.IGNORECASE)

# Keys that were found to be none of those: most objects have no other, and one comparison of sets
# says so.
_PLAIN_KEYS: set[str] = set()
_MOST_PLAIN_KEYS = 4096
_LONGEST_PLAIN_KEY = 100  # characters; a longer one is looked at each time rather than kept alive


def redacted(body: bytes, value: Any) -> bytes:
    """The JSON text of a body without its secrets, on one line; `value` is the body parsed.

    Most bodies hold none, and are kept as they came: to look for them is faster than to write JSON
    anew.
    """
    if _holds_secret(value):
        try:
            return ascii_json(_without_secrets(value))
        except (
            ValueError,
            RecursionError,
        ):  # a number that is not finite, nesting that cannot be written
            return ascii_json(REDACTED)
    # Line ends can only stand between the tokens of valid JSON.
    return body.replace(b"\n", b" ").replace(b"\r", b" ")


def _holds_secret(value: Any) -> bool:
    nodes = [value]
    for node in nodes:  # which grow on the way
        if isinstance(node, dict):
            if not _PLAIN_KEYS.issuperset(node) and not all(map(_found_plain, node)):
                return True
            nodes.extend(node.values())
        elif isinstance(node, list):
            nodes.extend(node)
    return False


def _found_plain(key: str) -> bool:
    """Whether the key is a plain one; if so, it is known from here on."""
    if _is_secret(key):
        return False
    if len(_PLAIN_KEYS) < _MOST_PLAIN_KEYS and len(key) <= _LONGEST_PLAIN_KEY:
        _PLAIN_KEYS.add(key)
    return True


def _is_secret(key: str) -> bool:
    return _HIDDEN_KEY.fullmatch(key) is not None


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _kept(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_secrets(inner) for inner in value]
    return value


def _kept(key: str, inner: Any) -> Any:
    return REDACTED if inner and _is_secret(key) else _without_secrets(inner)
