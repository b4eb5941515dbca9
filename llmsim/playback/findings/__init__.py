"""What is odd about a request and its answer: put on record without being asked, and no failure.

Each kind is one word in `KINDS`. Those of one request are found here as it is answered; those that
need several requests are found by `llmsim.verdict`, from the journal.
"""

from llmsim.playback.findings.finding import KINDS, Finding
from llmsim.playback.findings.found import Findings

__all__ = ["KINDS", "Finding", "Findings"]
