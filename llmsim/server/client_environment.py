"""The environment variables that lead a client to a server."""

from __future__ import annotations

from collections.abc import Mapping

from llmsim.serving.urls import BASES

_ANY_KEY = "unused"
_HERE = "127.0.0.1,localhost"


def variables(root: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What leads the SDKs of OpenAI and Anthropic to the base URLs below `root`, past any proxy.

    `environ` is what holds without them.
    """
    openai, anthropic = root + BASES["openai"], root + BASES["anthropic"]
    found = {
        "OPENAI_BASE_URL": openai,
        "OPENAI_API_BASE": openai,  # older clients
        "OPENAI_API_KEY": _ANY_KEY,
        "ANTHROPIC_BASE_URL": anthropic,
        "ANTHROPIC_API_KEY": _ANY_KEY,
    }
    for name, other in (("no_proxy", "NO_PROXY"), ("NO_PROXY", "no_proxy")):
        hosts = environ.get(name) or environ.get(other) or ""
        # A star stands for all hosts, and only where it stands alone.
        is_enough = hosts == "*" or hosts.endswith(_HERE)
        found[name] = hosts if is_enough else f"{hosts},{_HERE}".removeprefix(",")
    return found
