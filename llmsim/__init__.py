"""llmsim: a scripted LLM API simulator whose turn order is exact over many worker processes.

The script's Python API is here: build turns in code, read and write scripts, and play one without a server.
"""

from llmsim.errors import (
    LlmsimError,
    ScriptEmptyError,
    ScriptError,
    ScriptExhaustedError,
    ScriptInvalidError,
    ScriptParseError,
    ScriptReadError,
)
from llmsim.script import Assistant, Call, Error, InvalidRequest, Mixed, Other, Player, RateLimit, Script, Timeout, ToolCalls

__version__ = "0.1.0"

__all__ = [
    "Assistant",
    "Call",
    "Error",
    "InvalidRequest",
    "LlmsimError",
    "Mixed",
    "Other",
    "Player",
    "RateLimit",
    "Script",
    "ScriptEmptyError",
    "ScriptError",
    "ScriptExhaustedError",
    "ScriptInvalidError",
    "ScriptParseError",
    "ScriptReadError",
    "Timeout",
    "ToolCalls",
]
