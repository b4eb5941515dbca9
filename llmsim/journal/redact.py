"""Keeps credentials out of the journal.

In JSON they are looked for where the providers' APIs have them: in definitions of tools and of MCP
servers (`openai.types.responses.Tool`: `authorization`, `headers`, `domain_secrets`;
`anthropic.types.beta.BetaRequestMCPServerURLDefinition`: `authorization_token`), and in a URL in
these or in an image or a file: as user and password, and as what its query calls a key, a token, a
signature. A schema may well call a field `password`, and a call may have one: both are what the
user tests, and stay as they were sent.

In text that is no JSON nobody can tell one from the other: it ends at the first word that may name
a credential.

Headers need no such care: only those of an allow-list are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

from llmsim.json_text import ascii_json, parse

REDACTED: Final = "[redacted]"

# Without hyphens and underscores, in lower case.
_CREDENTIALS: Final = frozenset(
    {
        *("authorization", "proxyauthorization", "authorizationtoken", "apikey", "xapikey"),
        *("headers", "httpheaders", "extraheaders", "domainsecrets"),
    }
)
_LONGEST_NAME: Final = len("proxy_authorization")
# What never holds a credential, and may hold anything else: it is not looked into.
_LEFT_ALONE: Final = frozenset(
    {
        *("type", "name", "description", "strict", "cache_control"),
        *("parameters", "input_schema", "input_examples", "schema", "format"),
    }
)
_DEFINITIONS: Final = ("tools", "mcp_servers")
_HISTORIES: Final = ("messages", "input")
_PARTS_WITH_URLS: Final = ("image_url", "input_image", "input_file", "image", "document", "file")

_IN_URL = re.compile(r"(://)[^/?#\s]*@")
# As in `?tavilyApiKey=...`, `?access_token=...`, `&X-Amz-Signature=...`, and Azure's `&sig=...`.
_IN_QUERY = re.compile(
    r"([?&](?:[^=&#?\s]*(?:key|token|secret|signature|password|credential|auth)|sig)=)[^&#\s]+",
    re.IGNORECASE,
)

# Where a credential is changed: an object or a list, the key in it, and what comes to stand there.
_Place = tuple[Any, Any, Any]


def redacted(body: bytes, value: Any) -> bytes:
    """The JSON text of a body without its credentials, on one line; `value` is the body parsed.

    Most bodies hold none, and are kept as they came: to look for them is faster than to write JSON
    anew.
    """
    if next(_credentials(value), None) is None:
        # Line ends can only stand between the tokens of valid JSON.
        return body.replace(b"\n", b" ").replace(b"\r", b" ")
    own = parse(body)  # the other value is what the request goes on with
    for container, key, hidden in list(_credentials(own)):
        container[key] = hidden
    try:
        return ascii_json(own)
    except (ValueError, RecursionError):  # a number that is not finite, too deep to be written
        return ascii_json(REDACTED)


def _credentials(value: Any) -> Iterator[_Place]:
    for body in value if isinstance(value, list) else [value]:
        if isinstance(body, dict):
            yield from _in_request(body)


def _in_request(body: dict[str, Any]) -> Iterator[_Place]:
    for key, value in body.items():
        if _is_credential(key):
            yield body, key, _hidden(key, value)
    for name in _DEFINITIONS:
        if definition := body.get(name):
            yield from _in_definition(definition)
    for name in _HISTORIES:
        if isinstance(history := body.get(name), list):
            yield from _in_history(history)


def _in_history(items: list[Any]) -> Iterator[_Place]:
    for item in items:
        if not isinstance(item, dict):
            continue
        if "tools" in item:  # as in `openai.types.responses.ResponseToolSearchOutputItem`
            yield from _in_definition(item["tools"])
        content = item.get("content")
        for part in content if isinstance(content, list) else ():
            if isinstance(part, dict) and part.get("type") in _PARTS_WITH_URLS:
                yield from _in_definition(part)


def _in_definition(definition: Any) -> Iterator[_Place]:
    nodes = [definition]
    for node in nodes:  # which grow on the way
        for key, value in _parts(node):
            hidden = _hidden(key, value)
            if hidden is not None:
                yield node, key, hidden
            elif isinstance(value, (dict, list)):
                nodes.append(value)


def _parts(node: Any) -> Iterable[tuple[Any, Any]]:
    """Keys and values of what may hold a credential."""
    if isinstance(node, list):
        return enumerate(node)
    if not isinstance(node, dict) or _LEFT_ALONE.issuperset(node):
        return ()
    return [(key, value) for key, value in node.items() if key not in _LEFT_ALONE]


def _hidden(key: Any, value: Any) -> Any:
    """What comes to stand in the place of a value; None where it holds no credential."""
    if isinstance(key, str) and _is_credential(key):
        return REDACTED if value else value
    if not isinstance(value, str) or "://" not in value:
        return None
    hidden = _IN_QUERY.sub(rf"\1{REDACTED}", _IN_URL.sub(rf"\1{REDACTED}@", value))
    return None if hidden == value else hidden


def _is_credential(key: str) -> bool:
    return len(key) <= _LONGEST_NAME and _names_one(key)


@lru_cache(maxsize=4096)
def _names_one(key: str) -> bool:
    return key.lower().replace("-", "").replace("_", "") in _CREDENTIALS


# Text that is no JSON


def _spelt(word: str) -> str:
    """A pattern for the word, also where letters of it are written as JSON escapes."""
    return "".join(
        rf"(?:{re.escape(letter)}|\\u00(?:{ord(letter):02x}|{ord(letter.upper()):02x}))"
        for letter in word
    )


_WORDS: Final = (
    "authorization header api_key api-key apikey secret password passwd bearer cookie credential"
)
_MAY_NAME_ONE = re.compile(
    "|".join(
        [
            *map(_spelt, _WORDS.split()),
            _spelt("token") + "(?!s)",  # `max_tokens` is none
            r"\bsk-\w",
            _IN_URL.pattern,
            _IN_QUERY.pattern,
        ]
    ),
    re.IGNORECASE,
)


def beginning(text: str) -> str:
    """The text up to the first word that may name a credential."""
    found = _MAY_NAME_ONE.search(text)
    return text if found is None else text[: found.start()] + REDACTED
