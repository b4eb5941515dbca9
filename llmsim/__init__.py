"""llmsim: a scripted LLM API simulator whose turn order is exact over many worker processes.

The script's Python API is here: build turns in code, read and write scripts, and play one without a
server. And what tests use: `serve` and `wsgi`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from llmsim.errors import (
    LlmsimError,
    ScriptEmptyError,
    ScriptError,
    ScriptExhaustedError,
    ScriptInvalidError,
    ScriptParseError,
    ScriptReadError,
)

if TYPE_CHECKING:
    from llmsim.script import (
        Assistant,
        Authentication,
        BadArguments,
        Call,
        ConnectionReset,
        ContextLength,
        Disconnect,
        Duplicate,
        Echo,
        Error,
        ErrorRates,
        Expectation,
        Gate,
        InvalidRequest,
        Latency,
        Limits,
        Lorem,
        Malformed,
        Mixed,
        NotFound,
        Other,
        Overloaded,
        Permission,
        Player,
        RateLimit,
        Refusal,
        Script,
        Split,
        Stall,
        StreamError,
        Template,
        Timeout,
        ToolCalls,
        Track,
        Truncate,
        Usage,
        When,
    )
    from llmsim.testing import Session, serve, wsgi

__version__ = "0.1.0"

__all__ = [
    "Assistant",
    "Authentication",
    "BadArguments",
    "Call",
    "ConnectionReset",
    "ContextLength",
    "Disconnect",
    "Duplicate",
    "Echo",
    "Error",
    "ErrorRates",
    "Expectation",
    "Gate",
    "InvalidRequest",
    "Latency",
    "Limits",
    "LlmsimError",
    "Lorem",
    "Malformed",
    "Mixed",
    "NotFound",
    "Other",
    "Overloaded",
    "Permission",
    "Player",
    "RateLimit",
    "Refusal",
    "Script",
    "ScriptEmptyError",
    "ScriptError",
    "ScriptExhaustedError",
    "ScriptInvalidError",
    "ScriptParseError",
    "ScriptReadError",
    "Session",
    "Split",
    "Stall",
    "StreamError",
    "Template",
    "Timeout",
    "ToolCalls",
    "Track",
    "Truncate",
    "Usage",
    "When",
    "serve",
    "wsgi",
]

_TESTING = ("Session", "serve", "wsgi")


def __getattr__(name: str) -> Any:
    """A name is imported when it is asked for.

    The plugin is part of each run of pytest, also where nothing of llmsim is used.
    """
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module("llmsim.testing" if name in _TESTING else "llmsim.script")
    found = globals()[name] = getattr(module, name)
    return found
