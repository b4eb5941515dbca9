"""Conditions on a request, in words of no provider: one script serves every API.

A condition explains itself: what was wanted, what was found. Whether it holds follows from that.
A new one is a line in `table`, a field of `When` and one of its schema.
"""

from llmsim.script.conditions.difference import Difference
from llmsim.script.conditions.parts import Range, ToolResult
from llmsim.script.conditions.schema import WhenSchema
from llmsim.script.conditions.table import FIRST
from llmsim.script.conditions.when import When, explain

__all__ = ["FIRST", "Difference", "Range", "ToolResult", "When", "WhenSchema", "explain"]
