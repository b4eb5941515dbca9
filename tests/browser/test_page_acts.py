"""What can be done on the page, with a mouse, with a keyboard, and on a phone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.played import Agent, control, user
from tests.each import for_each
from tests.running import PATIENCE, Server, text

VIEWS = [
    "#/",
    "#/connect",
    "#/session/shop-1",
    "#/session/shop-1/script",
    "#/session/shop-1/connect",
    "#/session/users/funnel",
]


def session(server: Server, name: str) -> Any:
    """The session, None where there is none."""
    answer = httpx.get(f"{server.origin}/llmsim/sessions/{name}", timeout=PATIENCE)
    return answer.json() if answer.is_success else None


def begun(server: Server, name: str) -> None:
    Agent(server, name).ask(user("Hi"))


def at(page: Page, view: str) -> None:
    """Go to a view, and wait until what it shows is there."""
    page.evaluate("view => { location.hash = view }", view)
    if view == "#/":
        expect(page.locator("#sessions-rows tr").first).to_be_visible()
    elif "session" in view:
        expect(page.get_by_text("Verdict:")).to_be_visible()
    if view.endswith("script"):
        expect(page.locator(".turn").first).to_be_visible()


def test_a_session_is_reset_when_asked_twice(server: Server, open_page: Open) -> None:
    begun(server, "to-reset")
    page = open_page("#/session/to-reset")
    expect(page.locator("#timeline > li")).to_have_count(1)
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Reset").click()
    dialog = page.get_by_role("dialog", name="Reset to-reset?")
    expect(dialog).to_contain_text("Its journal is cleared.")
    assert session(server, "to-reset")["position"] == 1
    dialog.get_by_role("button", name="Reset").click()
    expect(page.get_by_text("to-reset was reset.")).to_be_visible()
    expect(page.get_by_text("No request yet.")).to_be_visible()
    assert session(server, "to-reset")["position"] == 0
    # That it was answered with yes once is forgotten.
    begun(server, "to-reset")
    page.get_by_role("button", name="Reset").click()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#timeline > li")).to_have_count(1)
    assert session(server, "to-reset")["position"] == 1


def test_a_session_is_deleted_when_asked_twice(server: Server, open_page: Open) -> None:
    begun(server, "to-delete")
    page = open_page("#/session/to-delete")
    page.get_by_role("button", name="Delete").click()
    assert session(server, "to-delete")
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Sessions")).to_be_visible()
    expect(page.get_by_text("to-delete was deleted.")).to_be_visible()
    expect(page.locator("#sessions-rows").get_by_text("to-delete")).to_have_count(0)
    assert session(server, "to-delete") is None


def test_a_script_is_replaced_and_what_is_wrong_stands_at_its_line(
    server: Server, open_page: Open
) -> None:
    begun(server, "to-replace")
    page = open_page("#/session/to-replace/script")
    expect(page.locator("[aria-current=step]").first).to_contain_text("bash")
    page.get_by_role("button", name="Replace script").click()
    dialog = page.get_by_role("dialog", name="Replace script of to-replace")
    field = dialog.get_by_label("Script (JSON)")
    expect(field).to_have_value(holding("Nothing is wrong."))
    field.fill(
        '{"turns": [\n  {"type": "asistant", "text": "x"},\n  {"type": "error", "kind": 3}\n]}'
    )
    dialog.get_by_role("button", name="Replace").click()
    expect(dialog.get_by_text("Not replaced: 2 problems.")).to_be_visible()
    problems = dialog.get_by_role("listitem")
    expect(problems).to_have_count(2)
    expect(problems.first).to_contain_text("did you mean 'assistant'?")
    expect(problems.first.locator("pre")).to_have_text(
        '  {"type": "asistant", "text": "x"},\n          ^'
    )
    expect(dialog.locator("mark")).to_have_text(["2\n", "3\n"])
    expect(field).to_have_attribute("aria-invalid", "true")
    place = "field => [document.activeElement === field, field.selectionStart]"
    assert field.evaluate(place) == [True, len('{"turns": [\n  {"type": ')]
    problems.last.get_by_role("button", name="Line 3").click()
    assert field.evaluate(place)[1] > len('{"turns": [\n  {"type": "asistant", "text": "x"},\n')
    assert session(server, "to-replace")["position"] == 1

    field.fill(json.dumps({"turns": [text("quite another")]}))
    expect(dialog.locator("mark")).to_have_count(0)
    dialog.get_by_role("button", name="Replace").click()
    expect(dialog).to_be_hidden()
    current = page.locator("[aria-current=step]")
    expect(current).to_have_count(1)  # the script before had two
    expect(current).to_contain_text("quite another")
    assert session(server, "to-replace")["script"] == "own"


def holding(words: str) -> Any:
    """A pattern for a value that holds these words somewhere."""
    return re.compile(re.escape(words))


def test_the_snippets_are_copied_and_work(server: Server, open_page: Open, tmp_path: Any) -> None:
    script = {"turns": [text(f"answer {number}") for number in range(5)]}
    control(server, "POST", "/sessions", {"name": "connected", "script": script})
    page = open_page(
        "#/session/connected/connect", permissions=["clipboard-read", "clipboard-write"]
    )
    copied = {}
    for title in page.locator("#tab-connect h3").all_inner_texts():
        page.get_by_role("button", name=f"Copy {title}").click()
        expect(page.get_by_text(f"Copied: {title}")).to_be_visible()
        copied[title] = page.evaluate("navigator.clipboard.readText()")
        assert f"{server.origin}/s/connected/" in copied[title]
    shell = subprocess.run(["sh", "-c", copied["curl"]], capture_output=True, text=True, check=True)
    assert "answer 0" in shell.stdout
    programs = [
        words for title, words in copied.items() if "import " in words and "Java" not in title
    ]
    assert len(programs) == 4
    ran = subprocess.run(
        [sys.executable, "-c", "\n".join(programs)], capture_output=True, text=True, check=False
    )
    for number in range(1, 5):
        assert f"answer {number}" in ran.stdout, ran.stderr
    for title in ("OpenAI SDK, JavaScript", "Anthropic SDK, JavaScript"):
        assert 'apiKey: "unused"' in copied[title]


def test_without_a_clipboard_the_snippet_is_copied_by_hand(open_page: Open) -> None:
    page = open_page("#/connect")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.evaluate(
        "document.addEventListener('copy', () => { window.copied = String(getSelection()) })"
    )
    page.locator("#connect").get_by_role("button", name="Copy curl").click()
    assert "/openai/v1/chat/completions" in page.evaluate("window.copied")
    assert "/s/" not in page.evaluate("window.copied")


def test_below_a_prefix_the_base_urls_have_one_prefix(server: Server, open_page: Open) -> None:
    page = open_page("#/session/shop-1/connect")
    page.goto(f"{server.origin}/s/other/llmsim/#/session/shop-1/connect")
    expect(page.locator("#tab-connect dd").first).to_have_text(
        f"{server.origin}/s/shop-1/openai/v1"
    )


def test_everything_can_be_reached_with_the_keyboard(server: Server, open_page: Open) -> None:
    begun(server, "by-key")
    page = open_page()
    expect(page.get_by_role("link", name="by-key")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.get_by_label("Search").focus()
    page.keyboard.type("by-key")
    expect(page.locator("#sessions-rows tr")).to_have_count(1)
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="by-key")).to_be_focused()
    outline = "element => getComputedStyle(element).outlineStyle"
    assert page.get_by_role("link", name="by-key").evaluate(outline) == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="by-key")).to_be_visible()
    expect(page.get_by_role("main")).to_be_focused()
    expect(page.locator("#timeline > li")).to_have_count(1)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    reset = page.locator("#session-reset")
    expect(reset).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(reset).to_be_focused()
    assert session(server, "by-key")["position"] == 1


def test_a_screen_reader_finds_its_way(open_page: Open) -> None:
    page = open_page("#/session/shop-1")
    at(page, "#/session/shop-1")
    for role in ("banner", "main"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("navigation", name="Views")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("shop-1")
    expect(page.locator("[data-tab=timeline]")).to_have_attribute("aria-current", "page")
    assert page.title() == "shop-1 - llmsim"
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll("input, select, textarea")]
            .filter((field) => !field.labels.length).map((field) => field.id)"""
    )
    assert unnamed == []
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("progress:not([aria-label])").count() == 0
    # What is said by itself: what was done, and the state of the connection. Not each number.
    assert page.locator("[role=status]").count() == 2
    assert page.locator("[aria-live]").count() == 0


OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@for_each("width", [360, 768])
def test_no_view_is_wider_than_the_screen(server: Server, open_page: Open, width: int) -> None:
    name = "x" * 64
    Agent(server, name).ask(user("word" * 200))
    page = open_page(viewport={"width": width, "height": 740})
    for view in [*VIEWS, f"#/session/{name}"]:
        at(page, view)
        assert page.evaluate(OVERFLOW) == 0, view
    page.get_by_role("button", name="Replace script").click()
    expect(page.get_by_role("dialog")).to_be_in_viewport(ratio=1)
    assert page.evaluate(OVERFLOW) == 0


CONTRASTS = """() => {
  const paint = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const light = (colour) => colour.slice(0, 3)
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const colour = rgba(getComputedStyle(element).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const low = [];
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest(":disabled, noscript")) continue;
    const [a, b] = [rgba(getComputedStyle(element).color), ground(element)].map(light);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.push(`${texts.currentNode.data.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
  }
  return low;
}"""


@pytest.mark.parametrize(("theme", "is_dark"), [("light", False), ("dark", True)])
def test_every_text_stands_out_in_both_themes(open_page: Open, theme: str, is_dark: bool) -> None:
    page = open_page(color_scheme=theme)
    for view in VIEWS:
        at(page, view)
        assert page.evaluate(CONTRASTS) == [], view
    page.get_by_role("button", name="Replace script").click()
    assert page.evaluate(CONTRASTS) == []
    assert is_dark == (page.evaluate(GROUND) < 60)


GROUND = """() => {
  const paint = document.createElement("canvas").getContext("2d");
  paint.fillStyle = getComputedStyle(document.documentElement).backgroundColor;
  paint.fillRect(0, 0, 1, 1);
  return paint.getImageData(0, 0, 1, 1).data[0];
}"""


def test_the_switch_is_stronger_than_the_system_and_is_kept(open_page: Open) -> None:
    page = open_page("#/connect", color_scheme="dark")
    page.get_by_label("Theme").select_option("light")
    assert page.evaluate(GROUND) > 200
    page.reload()
    assert page.evaluate(GROUND) > 200
    page.get_by_label("Theme").select_option("auto")
    assert page.evaluate(GROUND) < 60


def test_nobody_is_asked_while_nobody_looks(open_page: Open) -> None:
    page = open_page()
    page.clock.install()
    page.reload()
    expect(page.locator("#sessions-rows tr").first).to_be_visible()
    look = """hidden => {
      Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.evaluate(look, True)
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.run_for(20_000)
    assert asked == []
    with page.expect_request("**/llmsim/sessions?*"):
        page.evaluate(look, False)


def test_it_says_so_when_the_server_does_not_answer_and_goes_on(open_page: Open) -> None:
    page = open_page()
    expect(page.locator("#sessions-rows tr").first).to_be_visible()
    page.route("**/llmsim/s*", lambda route: route.fulfill(status=503, body="<html>busy</html>"))
    expect(page.get_by_text("The server answered 503.")).to_be_visible()
    page.unroute("**/llmsim/s*")
    expect(page.locator("#link-state")).to_be_empty()
    page.route("**/llmsim/s*", lambda route: route.abort())
    expect(page.get_by_text("The server does not answer. Trying again.")).to_be_visible()
    page.unroute("**/llmsim/s*")
    expect(page.locator("#link-state")).to_be_empty()
