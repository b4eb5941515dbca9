"""The page as it is sent: what it holds, and what it tells the browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import llmsim.page
from tests.conftest import MakeClient
from tests.each import for_each
from tests.running import text

STATIC = Path(llmsim.page.__file__).parent / "static"
FILES = sorted(path.name for path in STATIC.iterdir())
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
}


class Elements(HTMLParser):
    """The start tags of a document, and whether a script or style has a text."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style"):
            self.inline += data.strip()


@for_each("path", ["/llmsim/", "/llmsim/static/main.js", "/s/a/llmsim/", "/llmsim"])
def test_whatever_the_page_is_made_of_says_what_the_browser_may_do(
    make_client: MakeClient, path: str
) -> None:
    headers = make_client(text("a")).get(path).headers
    assert set(headers["Content-Security-Policy"].split("; ")) == POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-cache"


def test_nothing_in_the_page_stands_inline_or_comes_from_elsewhere(make_client: MakeClient) -> None:
    found = Elements(make_client(text("a")).get("/llmsim/").text)
    assert not found.inline
    for tag, attributes in found.tags:
        assert tag != "style"
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        for name in ("href", "src"):
            assert re.fullmatch(r"(static/[a-z.]+|#.*)?", attributes.get(name) or ""), attributes


def test_the_page_holds_no_data_and_so_wants_no_token(make_client: MakeClient) -> None:
    guarded = make_client(text("a secret"), control_token="t0ken")
    guarded.post("/s/private-name/openai/v1/chat/completions", json={"messages": []})
    answer = guarded.get("/llmsim/")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert answer.text == make_client(text("b")).get("/llmsim/").text
    assert guarded.get("/llmsim/sessions").status_code == 401


def test_an_address_without_its_slash_leads_to_the_page(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    answer = client.get("/llmsim")
    assert (answer.status_code, answer.headers["Location"]) == (308, "llmsim/")
    assert client.get("/s/a/llmsim").headers["Location"] == "llmsim/"


@for_each("name", FILES)
def test_every_file_is_sent_with_its_type(make_client: MakeClient, name: str) -> None:
    answer = make_client(text("a")).get(f"/llmsim/static/{name}")
    assert (answer.status_code, answer.mimetype) == (200, TYPES[Path(name).suffix])
    assert answer.data == (STATIC / name).read_bytes()


@for_each(
    ("method", "path", "status"),
    [
        ("GET", "/llmsim/static/nope.js", 404),
        ("GET", "/llmsim/static/../blueprint.py", 404),
        ("GET", "/llmsim/static/%2e%2e/blueprint.py", 404),
        ("GET", "/llmsim/static/", 404),
        ("GET", "/llmsim/nope", 404),
        ("POST", "/llmsim/", 405),
        ("DELETE", "/llmsim", 405),
    ],
)
def test_a_browser_too_gets_the_errors_of_other_routes_as_json(
    make_client: MakeClient, method: str, path: str, status: int
) -> None:
    accept = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    answer = make_client(text("a")).open(path, method=method, headers=accept)
    assert (answer.status_code, answer.mimetype) == (status, "application/json")
    assert answer.get_json()["error"]["message"]


def test_no_module_makes_markup_of_data() -> None:
    ways = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|srcdoc"
    for name in FILES:
        assert not re.search(ways, (STATIC / name).read_text("utf-8")), name


def test_every_module_is_short_and_so_are_its_lines() -> None:
    for name in FILES:
        lines = (STATIC / name).read_text("utf-8").splitlines()
        assert len(lines) <= 250, name
        assert [line for line in lines if len(line) > 100] == [], name
