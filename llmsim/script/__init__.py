"""The script: an ordered list of assistant turns, read from JSON or built in Python.

It knows no server, no store and no provider.
"""

from llmsim.script.conditions import Range, ToolResult, When
from llmsim.script.error_kinds import (
    Authentication,
    ConnectionReset,
    ContextLength,
    ErrorKind,
    InvalidRequest,
    NotFound,
    Other,
    Overloaded,
    Permission,
    RateLimit,
    Timeout,
)
from llmsim.script.error_rates import ErrorRates
from llmsim.script.expect import Expectation
from llmsim.script.faults import (
    BadArguments,
    Disconnect,
    Duplicate,
    Malformed,
    Split,
    Stall,
    StreamError,
    Truncate,
)
from llmsim.script.gate import Gate
from llmsim.script.json_schema import json_schema
from llmsim.script.latency import Latency
from llmsim.script.limits import Limits
from llmsim.script.model import Script
from llmsim.script.player import Player
from llmsim.script.track import Track
from llmsim.script.turn_list import CheckedTurns
from llmsim.script.turns import (
    Assistant,
    Call,
    Echo,
    Error,
    Lorem,
    Mixed,
    Refusal,
    Template,
    ToolCalls,
    Turn,
    Usage,
)

__all__ = [
    "Assistant",
    "Authentication",
    "BadArguments",
    "Call",
    "CheckedTurns",
    "ConnectionReset",
    "ContextLength",
    "Disconnect",
    "Duplicate",
    "Echo",
    "Error",
    "ErrorKind",
    "ErrorRates",
    "Expectation",
    "Gate",
    "InvalidRequest",
    "Latency",
    "Limits",
    "Lorem",
    "Malformed",
    "Mixed",
    "NotFound",
    "Other",
    "Overloaded",
    "Permission",
    "Player",
    "Range",
    "RateLimit",
    "Refusal",
    "Script",
    "Split",
    "Stall",
    "StreamError",
    "Template",
    "Timeout",
    "ToolCalls",
    "ToolResult",
    "Track",
    "Truncate",
    "Turn",
    "Usage",
    "When",
    "json_schema",
]
