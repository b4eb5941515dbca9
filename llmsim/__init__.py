"""llmsim: a scripted LLM API simulator whose turn order is exact over many worker processes.

The script's Python API is here: build turns in code, read and write scripts, and play one without a
server.
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
from llmsim.script import (
    Assistant,
    Call,
    Echo,
    Error,
    ErrorRates,
    Expectation,
    InvalidRequest,
    Latency,
    Lorem,
    Mixed,
    Other,
    Player,
    RateLimit,
    Refusal,
    Script,
    Template,
    Timeout,
    ToolCalls,
    Usage,
)

__version__ = "0.1.0"

__all__ = [
    "Assistant",
    "Call",
    "Echo",
    "Error",
    "ErrorRates",
    "Expectation",
    "InvalidRequest",
    "Latency",
    "LlmsimError",
    "Lorem",
    "Mixed",
    "Other",
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
    "Template",
    "Timeout",
    "ToolCalls",
    "Usage",
]
