"""The control API, `/llmsim/...`: sessions, their scripts and their journals.

A new route is an operation in a module that is imported here.
"""

from llmsim.control import (  # noqa: F401 - each adds its operations
    gates,
    many,
    metrics,
    openapi,
    requests,
    scripts,
    sessions,
    steps,
    verdict,
)
from llmsim.control.metrics import scraped
from llmsim.control.operation import blueprint, routing_error

__all__ = ["blueprint", "routing_error", "scraped"]
