"""Cross-origin access: agents in browsers may call the provider routes from any page."""

from __future__ import annotations

from flask import Response, request

EXPOSED = (
    "x-request-id, openai-processing-ms, retry-after, x-should-retry, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, "
    "x-ratelimit-reset-requests, X-LLMSim-Session, X-LLMSim-Generation, X-LLMSim-Position, X-LLMSim-Turn, X-LLMSim-Worker"
)


def allow_any_origin(response: Response) -> Response:
    """Add the headers of https://fetch.spec.whatwg.org/#http-cors-protocol; a preflight gets back whatever it asked to send."""
    if request.path.startswith("/llmsim"):
        return response  # the control API is not for other pages
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = EXPOSED
    if request.method == "OPTIONS":
        del response.headers["Content-Type"]  # Flask's own answer has no body, and would call it HTML
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "*")
        response.headers["Access-Control-Max-Age"] = "600"
    return response
