"""Whoever writes scripts, plays an agent or has another site can do nothing in the page."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from llmsim.store.mmap_store import MmapStore
from tests.browser.chromium import Watched
from tests.browser.conftest import Open
from tests.browser.played import SCRIPT, Agent, user
from tests.running import PATIENCE, Server, text, write_script

TOKEN = "t0ken"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
EVIL = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
EVIL_SCRIPT = {
    "turns": [
        {
            "type": "mixed",
            "text": f"text {EVIL}",
            "calls": [{"name": "bash", "arguments": {"command": f"argument {EVIL}"}}],
            "expect": {"last_contains": f"wanted {EVIL}"},
        },
        {"type": "error", "kind": "other", "message": f"failure {EVIL}"},
    ],
    "tracks": [
        {
            "name": "side",
            "when": {"system_contains": f"when {EVIL}"},
            "turns": [{"type": "assistant", "text": f"side {EVIL}"}],
        }
    ],
}
MANY = 10_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Several workers that want a token and count nothing."""
    folder = tmp_path_factory.mktemp("guarded")
    script = folder / "script.json"
    script.write_text(json.dumps(SCRIPT), "utf-8")
    variables = {"LLMSIM_CONTROL_TOKEN": TOKEN, "LLMSIM_METRICS": "false"}
    with Server(folder, script, LLMSIM_WORKERS="3", LLMSIM_PROTOCOL="off", **variables) as running:
        control(running, "POST", "/sessions", {"name": "secret"})
        yield running


def control(server: Server, method: str, path: str, body: Any = None) -> Any:
    url = f"{server.origin}/llmsim{path}"
    answer = httpx.request(method, url, json=body, headers=AUTHORIZED, timeout=PATIENCE)
    assert answer.is_success, answer.text
    return answer.json()


def sign_in(page: Page, token: str = TOKEN) -> None:
    page.get_by_label("Control token").fill(token)
    page.get_by_role("button", name="Sign in").click()


def test_without_the_token_the_page_shows_nothing(server: Server, open_page: Open) -> None:
    page = open_page("#/session/secret")
    dialog = page.get_by_role("dialog", name="Sign in")
    expect(dialog).to_be_visible()
    expect(page.get_by_label("Control token")).to_be_focused()
    expect(page.locator("#session-found")).to_be_hidden()
    sign_in(page, "wrong")
    expect(page.get_by_text("That is not the token of this server.")).to_be_visible()
    for _ in range(3):
        page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    sign_in(page)
    expect(page.locator("#session-facts")).to_contain_text("untouched")
    assert page.url == f"{server.origin}/llmsim/#/session/secret"
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert page.evaluate("JSON.stringify([sessionStorage, localStorage])") == (
        '[{"llmsim.token":"t0ken"},{}]'
    )
    page.reload()
    expect(page.locator("#session-facts")).to_contain_text("untouched")
    page.get_by_role("button", name="Sign out").click()
    expect(dialog).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_the_token_is_sent_in_a_header_and_never_in_an_address(
    server: Server, open_page: Open
) -> None:
    page = open_page()
    page.context.add_cookies([{"name": "other", "value": "1", "url": server.origin}])
    with page.expect_request("**/llmsim/sessions?*") as asked:
        sign_in(page)
    expect(page.locator("#sessions-rows tr").first).to_be_visible()
    assert TOKEN not in asked.value.url + page.url
    assert asked.value.all_headers()["authorization"] == f"Bearer {TOKEN}"
    assert "cookie" not in asked.value.all_headers()


def test_an_answer_that_comes_late_does_not_ask_for_the_token_again(open_page: Open) -> None:
    page = open_page("#/connect")
    late: list[Any] = []
    # Playwright takes no built-in method.
    page.route("**/llmsim/sessions?*", lambda route: late.append(route), times=1)  # noqa: PLW0108
    page.evaluate("location.hash = '#/'")
    sign_in(page)
    expect(page.get_by_text("metrics.enabled")).to_be_visible()
    late[0].fulfill(status=401, json={"error": {"message": "no", "code": "invalid_token"}})
    expect(page.locator("#sessions-rows tr").first).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_server_that_counts_nothing_says_so_in_the_place_of_the_charts(open_page: Open) -> None:
    page = open_page()
    sign_in(page)
    expect(page.get_by_text("metrics.enabled")).to_be_visible()
    expect(page.locator("#sessions-rows tr").first).to_be_visible()  # one form for both requests
    expect(page.get_by_role("figure")).to_have_count(0)


def test_what_scripts_and_clients_say_stays_text(server: Server, open_page: Open) -> None:
    control(server, "POST", "/sessions", {"name": "evil", "script": EVIL_SCRIPT})
    url = f"{server.origin}/s/evil/openai/v1/chat/completions"
    headers = {"User-Agent": f"agent {EVIL}"}
    body = {
        "model": f"model {EVIL}",
        "messages": [
            {"role": "user", "content": f"first {EVIL}"},
            {"role": "user", "content": [{"type": "text", "text": f"second {EVIL}"}]},
        ],
    }
    httpx.post(url, json=body, headers=headers, timeout=PATIENCE)
    httpx.post(url, content=f"no JSON {EVIL}", headers=headers, timeout=PATIENCE)
    httpx.post(url, json=body, timeout=PATIENCE)

    page = open_page("#/session/evil")
    sign_in(page)
    expect(page.locator("#timeline > li")).to_have_count(3)
    for summary in page.get_by_text("Whole entry").all():
        summary.click()
    timeline = page.locator("#timeline")
    for words in ("text", "argument", "wanted", "failure", "first", "second", "no JSON"):
        expect(timeline).to_contain_text(f"{words} <img src=x onerror=")
    for words in ("model", "agent"):
        expect(timeline).to_contain_text(f"{words} <img src=x onerror=")
    expect(page.locator("#session-verdict")).to_contain_text("wanted <img")
    untouched(page)

    page.get_by_role("link", name="Script").click()
    for words in ("text", "argument", "wanted", "failure", "when", "side"):
        expect(page.locator("#script")).to_contain_text(f"{words} <img")
    untouched(page)

    page.get_by_role("button", name="Replace script").click()
    page.get_by_label("Script (JSON)").fill(json.dumps({"turns": [{"type": EVIL}], EVIL: 1}))
    page.get_by_role("button", name="Replace", exact=True).click()
    expect(page.locator("#editor-problems")).to_contain_text("<img src=x")
    untouched(page)


def test_an_address_stays_text_too(open_page: Open) -> None:
    page = open_page(f"#/session/{EVIL}/script")
    sign_in(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("<img src=x")
    expect(page.locator("#link-state")).not_to_be_empty()
    untouched(page)
    page.evaluate("name => { location.hash = `#/session/${encodeURIComponent(name)}` }", EVIL)
    expect(page.get_by_role("heading", level=1)).to_have_text(EVIL)
    untouched(page)


def untouched(page: Page) -> None:
    """Nothing of what was shown has become an element or has run."""
    assert page.evaluate("window.hit") is None
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    assert page.locator("style").count() == 0


def test_the_policy_holds_in_the_browser(open_page: Open, watch: Any) -> None:
    context = watch()
    page = context.open("#/connect")
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.hit = 1";
          document.body.append(script);
          const image = document.createElement("img");
          image.src = "http://127.0.0.1:9/x.png";
          document.body.append(image);
        }"""
    )
    expect(page.locator("body > img")).to_have_count(1)
    page.wait_for_function("window.violations.length === 2")
    assert page.evaluate("window.hit") is None
    assert page.evaluate("window.violations") == ["script-src-elem", "img-src"]
    context.wrong.clear()  # that was on purpose


OTHER = """<!doctype html><meta name="referrer" content="{referrer}">
<iframe id="frame" name="frame" src="{origin}/llmsim/"></iframe>
<form id="form" method="post" target="answer" enctype="text/plain"
  action="{origin}/llmsim/sessions/victim/reset"></form>
<iframe name="answer" id="answer"></iframe>"""


class Foreign(BaseHTTPRequestHandler):
    """A page of another site; its path is its referrer policy."""

    origin = ""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(
            OTHER.format(referrer=self.path.strip("/"), origin=self.origin).encode("utf-8")
        )

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def foreign(open_server: Server) -> Iterator[str]:
    handler = type("Handler", (Foreign,), {"origin": open_server.origin})
    with HTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def open_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server without a token, as most are, that plays a folder of scripts."""
    folder = tmp_path_factory.mktemp("open")
    scripts = folder / "scripts"
    scripts.mkdir()
    for name in ("buyer", "seller"):
        write_script(scripts / f"{name}.json", text(f"I am the {name}"))
    with Server(folder, scripts, LLMSIM_WORKERS="2") as running:
        yield running


TRIES = """async (origin) => {
  const script = JSON.stringify({ turns: [{ type: "assistant", text: "evil" }] });
  const session = `${origin}/llmsim/sessions/victim`;
  const json = { "Content-Type": "application/json" };
  const tries = [
    fetch(`${session}/reset`, { method: "POST", mode: "no-cors" }),
    fetch(`${session}/reset`, { method: "POST" }),
    fetch(`${session}/script`, { method: "PUT", headers: json, body: script }),
    fetch(session, { method: "DELETE" }),
    fetch(`${origin}/llmsim/reset`, { method: "POST", mode: "no-cors", body: "{}" }),
    fetch(session).then((answer) => answer.text()),
  ];
  const ended = await Promise.allSettled(tries);
  return ended.map(({ status, value }) => [status, value?.type ?? null]);
}"""


@pytest.mark.parametrize("referrer", ["origin", "no-referrer"])
def test_a_page_of_another_site_can_neither_reset_nor_replace_nor_read_nor_frame(
    open_server: Server, foreign: str, browser: Any, referrer: str
) -> None:
    victim = f"{open_server.origin}/llmsim/sessions/victim"
    chat = f"{open_server.origin}/s/victim/openai/v1/chat/completions"
    message = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    httpx.post(chat, json=message, timeout=PATIENCE)
    before = httpx.get(victim, timeout=PATIENCE).json()
    context = browser.new_context()
    try:
        page = context.new_page()
        statuses: list[tuple[str, int]] = []
        page.on("response", lambda got: statuses.append((got.request.method, got.status)))
        page.goto(f"{foreign}/{referrer}")
        opaque, *others = page.evaluate(TRIES, open_server.origin)
        assert opaque == ["fulfilled", "opaque"]  # sent, and refused by the server
        assert [status for status, _ in others] == [
            *["rejected"] * 3,
            "fulfilled",
            "rejected",
        ]
        with page.expect_response("**/victim/reset") as refused:
            page.evaluate("document.getElementById('form').submit()")
        assert refused.value.status == 403
        assert {status for method, status in statuses if method == "POST"} == {403}
        frame = page.frame(name="frame")
        assert frame is not None
        assert frame.locator("main").count() == 0
    finally:
        context.close()
    assert httpx.get(victim, timeout=PATIENCE).json() == before


def test_the_lines_of_a_folder_are_listed_without_their_texts(
    open_server: Server, watch: Callable[..., Watched]
) -> None:
    Agent(open_server, "any").ask(user("Hi"))
    page = watch(origin=open_server.origin).open("#/session/any/script")
    expect(page.get_by_text("plays whichever script its requests are for")).to_be_visible()
    expect(page.locator(".script-track")).to_have_count(2)
    expect(page.locator(".turn .badge").first).to_have_text("assistant")


def test_ten_thousand_sessions_are_shown_page_by_page(server: Server, open_page: Open) -> None:
    (directory,) = server.state_dirs()
    store = MmapStore(directory)
    for number in range(MANY):
        store.create(f"user-{number:05}")
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page)
    rows = page.locator("#sessions-rows tr")
    expect(rows).to_have_count(50)
    first = rows.locator("th").all_inner_texts()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("51 to 100")).to_be_visible()
    second = rows.locator("th").all_inner_texts()
    assert len(second) == 50
    assert not set(first) & set(second)
    page.get_by_role("button", name="Previous").click()
    expect(page.get_by_text("1 to 50")).to_be_visible()
    assert rows.locator("th").all_inner_texts() == first
    page.get_by_label("Search").fill("R-09999")
    expect(rows.locator("th")).to_have_text(["user-09999"])
    page.get_by_label("Search").fill("user")
    expect(rows).to_have_count(50)
    assert page.evaluate("document.querySelectorAll('*').length") < 1000
    assert all("limit=50" in url for url in asked if "/sessions?" in url)
