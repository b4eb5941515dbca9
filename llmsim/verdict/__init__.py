"""What the agents did: a verdict on a session, or on all of them, from their journals."""

from llmsim.verdict.judge import Page, judge
from llmsim.verdict.model import Verdict
from llmsim.verdict.plan import Plan

__all__ = ["Page", "Plan", "Verdict", "judge"]
