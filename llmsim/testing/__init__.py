"""The simulator for tests in Python: what clients need to reach it, and what they sent.

The same handle with a server (`serve`), without one (`wsgi`), and in pytest (`pytest_plugin`).
"""

from llmsim.testing.entries import Conversation, Entry, Result
from llmsim.testing.served import Server, ServerEndedError, Serving, serve
from llmsim.testing.session import Session, VerdictError
from llmsim.testing.within import InProcess, wsgi

__all__ = [
    "Conversation",
    "Entry",
    "InProcess",
    "Result",
    "Server",
    "ServerEndedError",
    "Serving",
    "Session",
    "VerdictError",
    "serve",
    "wsgi",
]
