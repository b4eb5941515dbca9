"""The script: an ordered list of assistant turns, read from JSON or built in Python.

It knows no server, no store and no provider.
"""

from llmsim.script.error_kinds import ErrorKind, InvalidRequest, Other, RateLimit, Timeout
from llmsim.script.error_rates import ErrorRates
from llmsim.script.expect import Expectation
from llmsim.script.json_schema import json_schema
from llmsim.script.latency import Latency
from llmsim.script.model import CheckedTurns, Script
from llmsim.script.player import Player
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
    "Call",
    "CheckedTurns",
    "Echo",
    "Error",
    "ErrorKind",
    "ErrorRates",
    "Expectation",
    "InvalidRequest",
    "Latency",
    "Lorem",
    "Mixed",
    "Other",
    "Player",
    "RateLimit",
    "Refusal",
    "Script",
    "Template",
    "Timeout",
    "ToolCalls",
    "Turn",
    "Usage",
    "json_schema",
]
