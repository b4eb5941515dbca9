"""The routes of the page, and what a browser may do with what they answer."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Response, redirect, render_template

from llmsim import __version__
from llmsim.serving.urls import BASES

# Nothing from elsewhere, nothing inline, in nobody's frame: https://www.w3.org/TR/CSP3/.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    )
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",  # else a new version would meet modules of the old one
}

blueprint = Blueprint(
    "page",
    __name__,
    url_prefix="/llmsim",
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)


@blueprint.get("/", strict_slashes=True)
def show_page() -> str:
    """The shell, the same for everybody. What it shows comes from the control API."""
    return render_template("page.html", version=__version__, bases=[*BASES.items()])


@blueprint.get("")
def go_to_page() -> Response:
    """To the address below which the shell's own links are right, whatever stands before it."""
    answer = redirect("llmsim/", 308)
    assert isinstance(answer, Response)  # noqa: S101 - for the type checker
    return answer


@blueprint.after_request
def guard(response: Response) -> Response:
    """Say what the browser may do with it."""
    response.headers.update(_HEADERS)
    return response
