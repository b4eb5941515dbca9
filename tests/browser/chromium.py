"""A real Chromium for tests, and what must never be seen in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.redis_server import needs

_ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_PATIENCE = 20_000  # milliseconds; a page asks again every two or three seconds
# Said by the browser itself of a status of 400 or above, and of an answer that did not come.
_STATUS = "Failed to load resource: "

_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(event.violatedDirective);
  console.error(`violated ${event.violatedDirective} by ${event.blockedURI}`);
});
"""

expect.set_options(timeout=_PATIENCE)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without any page."""
    program = needs("chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A context of its own in the browser. Its pages may ask only one origin, and must not fail."""

    def __init__(self, browser: Browser, origin: str, **options: Any) -> None:
        self.origin = origin
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.context: BrowserContext = browser.new_context(**options)
        self.context.set_default_timeout(_PATIENCE)
        self.context.add_init_script(_WATCH)

    def open(self, path: str = "#/") -> Page:
        """A new page of the server."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", lambda message: self._said(message.type, message.text))
        page.on("request", lambda request: self._requested(request.url))
        page.on("dialog", lambda dialog: self.wrong.append(f"dialog: {dialog.message}"))
        page.goto(f"{self.origin}/llmsim/{path}")
        return page

    def close(self) -> None:
        """End it; fails if anything was wrong."""
        self.context.close()
        assert not self.wrong

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(_STATUS):
            self.wrong.append(f"{kind}: {text}")

    def _requested(self, url: str) -> None:
        self.asked.append(url)
        parts = urlsplit(url)
        if parts.scheme != "data" and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.wrong.append(f"asked {url}")
