"""Cross-origin access: agents in browsers may call the provider routes from any page."""

from __future__ import annotations

from flask import Response, request

EXPOSED = (
    "x-request-id, request-id, openai-processing-ms, retry-after, retry-after-ms, x-should-retry, "
    "x-ratelimit-limit-requests, x-ratelimit-remaining-requests, "
    "x-ratelimit-reset-requests, anthropic-ratelimit-requests-limit, "
    "anthropic-ratelimit-requests-remaining, anthropic-ratelimit-requests-reset, "
    "X-LLMSim-Session, X-LLMSim-Generation, X-LLMSim-Position, X-LLMSim-Turn, X-LLMSim-Worker"
)


HEADERS = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Expose-Headers", EXPOSED)]


def allow_any_origin(response: Response) -> Response:
    """Add the headers of https://fetch.spec.whatwg.org/#http-cors-protocol.

    A preflight gets back whatever it asked to send.

    Only a browser sends `Origin`, and nobody else needs them.
    """
    if request.method == "OPTIONS":
        del response.headers[
            "Content-Type"
        ]  # Flask's own answer has no body, and would call it HTML
    # The control API is not for other pages.
    if "Origin" not in request.headers or request.path.startswith(("/llmsim", "/metrics")):
        return response
    response.headers.extend(HEADERS)
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        response.headers["Access-Control-Allow-Headers"] = request.headers.get(
            "Access-Control-Request-Headers", "*"
        )
        response.headers["Access-Control-Max-Age"] = "600"
    return response
