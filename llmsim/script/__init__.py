"""The script: an ordered list of assistant turns, read from JSON or built in Python. It knows no server, no store and no provider."""

from llmsim.script.error_kinds import ErrorKind, InvalidRequest, Other, RateLimit, Timeout
from llmsim.script.json_schema import json_schema
from llmsim.script.model import Script
from llmsim.script.player import Player
from llmsim.script.turns import Assistant, Call, Error, Mixed, ToolCalls, Turn

__all__ = [
    "Assistant",
    "Call",
    "Error",
    "ErrorKind",
    "InvalidRequest",
    "Mixed",
    "Other",
    "Player",
    "RateLimit",
    "Script",
    "Timeout",
    "ToolCalls",
    "Turn",
    "json_schema",
]
