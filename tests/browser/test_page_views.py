"""What the page shows and does, in a real browser against several workers."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.played import Agent, control, user
from tests.running import PATIENCE, Server, text


def entries(page: Page) -> Any:
    return page.locator("#timeline > li")


def test_the_charts_show_what_is_served_now(server: Server, open_page: Open) -> None:
    page = open_page()
    charts = page.get_by_role("figure")
    expect(charts).to_have_count(3)
    images = page.locator("#charts svg")
    expect(images.first).to_have_attribute("aria-label", re.compile("Requests, now: requests"))
    for _ in range(20):
        httpx.get(f"{server.origin}/openai/v1/models")
    Agent(server, "charts").ask(user("Hi"))
    for image, words in zip(
        images.all(), ("requests [1-9]", "mean now [0-9.]+ ", "answers [0-9.]*[1-9]"), strict=True
    ):
        expect(image).to_have_attribute("aria-label", re.compile(words))
    paths = page.locator("#charts path.line")
    expect(paths).to_have_count(7)
    expect(paths.first).to_have_attribute("d", re.compile(r"\dL\d"))  # more than one sample
    assert paths.first.evaluate("path => path.getBBox().width > 0")


def test_sessions_show_their_progress_through_script_and_tracks(open_page: Open) -> None:
    page = open_page()
    row = page.get_by_role("row").filter(has_text="shop-1")
    expect(row).to_contain_text("5 / 6")
    expect(row).to_contain_text("main 4/5 · title 1/1")
    expect(row.get_by_role("cell").nth(3)).to_have_text("1")  # one error
    expect(page.get_by_role("row").filter(has_text="users")).to_contain_text("by history")
    assert row.get_by_role("progressbar").evaluate("bar => [bar.value, bar.max]") == [5, 6]
    headings = page.get_by_role("columnheader").all_inner_texts()
    assert headings == ["Session", "Script", "Progress", "Requests", "Errors", "Last request"]


def test_sessions_are_found_by_a_part_of_their_name_and_by_their_state(
    server: Server, open_page: Open
) -> None:
    control(server, "POST", "/sessions", {"name": "Never-Began"})
    page = open_page()
    names = page.locator("#sessions-rows th")
    expect(names.filter(has_text="shop-1")).to_be_visible()
    page.get_by_label("Search").fill("r-beg")
    expect(names).to_have_text(["Never-Began"])
    page.get_by_label("Search").fill("no such")
    expect(page.get_by_text("No session fits.")).to_be_visible()
    page.get_by_label("Search").fill("")
    page.get_by_label("State").select_option("untouched")
    expect(names.filter(has_text="shop-1")).to_have_count(0)
    expect(names.filter(has_text="Never-Began")).to_be_visible()


def test_the_timeline_tells_what_was_sent_served_expected_and_tried_again(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("link", name="shop-1").click()
    expect(entries(page)).to_have_count(5)
    title, hello, call, limited, again = entries(page).all()
    expect(title).to_contain_text("title")
    expect(title).to_contain_text("Files in a folder")
    expect(hello.locator(".sent")).to_have_text("Agent sentuserHi there")
    expect(hello.locator(".served")).to_have_text("ServedtextHello! What shall I look for?")
    # Only what is new: not the whole history.
    expect(call.locator(".sent")).to_have_text("Agent sentuserlook around")
    expect(call.locator(".served")).to_contain_text('bash({"command":"ls"})')
    expect(call).to_contain_text("not as expected")
    expect(call.locator(".wanted dd")).to_have_text('a text that contains "ls"')
    expect(call.locator(".found dd")).to_have_text('"look around"')
    expect(limited).to_contain_text("429")
    expect(limited.locator(".served")).to_contain_text("rate_limit")
    expect(again.locator(".badge")).to_have_text(["retry"])
    expect(again.locator(".sent")).to_have_text("Agent senttool resultapp.py")
    expect(page.locator(".badge", has_text="retry")).to_have_count(1)
    expect(page.get_by_text("Verdict: failed")).to_be_visible()
    call.get_by_text("Whole entry").click()
    expect(call.locator("details pre")).to_contain_text('"user-agent"')


def test_the_timeline_of_one_track(open_page: Open) -> None:
    page = open_page("#/session/shop-1")
    page.get_by_role("combobox", name="Track").select_option("title")
    expect(entries(page)).to_have_count(1)
    expect(entries(page)).to_contain_text("Files in a folder")


def test_a_request_appears_in_the_timeline_while_one_looks(server: Server, open_page: Open) -> None:
    page = open_page("#/session/new")
    expect(page.get_by_text("There is no session new.")).to_be_visible()
    Agent(server, "new").ask(user("first words"))
    expect(entries(page)).to_have_count(1)
    entries(page).get_by_text("Whole entry").click()
    Agent(server, "new").ask(user("second words"))
    expect(entries(page)).to_have_count(2)
    expect(entries(page).last).to_contain_text("second words")
    expect(entries(page).first.locator("details")).to_have_attribute("open", "")


def test_a_long_timeline_is_paged(server: Server, open_page: Open) -> None:
    agent = Agent(server, "long")
    with httpx.Client() as client:
        for index in range(45):
            client.post(agent.url, json={"model": "m", "messages": [user(f"words {index}")]})
    page = open_page("#/session/long")
    expect(entries(page)).to_have_count(40)
    page.get_by_role("button", name="Later").click()
    expect(entries(page)).to_have_count(5)
    expect(entries(page).last).to_contain_text("words 44")
    expect(page.get_by_text("41 to 45")).to_be_visible()
    page.get_by_role("button", name="Earlier").click()
    expect(entries(page).first).to_contain_text("words 0")


def test_the_script_shows_the_turn_that_comes_next(server: Server, open_page: Open) -> None:
    page = open_page("#/session/shop-1")
    page.get_by_role("link", name="Script").click()
    tracks = page.locator(".script-track")
    main, title = tracks.nth(0), tracks.nth(1)
    expect(main.locator("[aria-current=step]")).to_contain_text("Done.")
    expect(main.locator("li").nth(1)).to_contain_text('bash({"command":"ls"})')
    expect(main.locator("li").nth(1)).to_contain_text("served 1")
    expect(title).to_contain_text('{"system_contains":"title"}')
    expect(title).to_contain_text("Exhausted: the last turn is repeated.")
    expect(page.get_by_role("link", name="Funnel")).to_be_hidden()


def test_the_cursor_moves_while_one_looks(server: Server, open_page: Open) -> None:
    Agent(server, "moving").ask(user("Hi"))
    page = open_page("#/session/moving/script")
    main = page.locator(".script-track").first
    expect(main.locator("[aria-current=step]")).to_contain_text("bash")
    Agent(server, "moving").ask(user("ls"))
    expect(main.locator("[aria-current=step]")).to_contain_text("rate_limit")
    expect(page.locator("#session-verdict")).to_contain_text("stopped after turn 1")


@pytest.mark.parametrize(
    ("word", "asked", "said", "current"),
    [
        ("error", 2, "Exhausted: the next request gets an error.", []),
        ("loop", 3, "Begins again after its end.", ["two"]),
    ],
)
def test_the_script_says_what_comes_after_its_end(
    server: Server, open_page: Open, word: str, asked: int, said: str, current: list[str]
) -> None:
    script = {"on_exhausted": word, "turns": [text("one"), text("two")]}
    control(server, "POST", "/sessions", {"name": f"ends-{word}", "script": script})
    for _ in range(asked):
        Agent(server, f"ends-{word}").ask(user("Hi"))
    page = open_page(f"#/session/ends-{word}/script")
    expect(page.get_by_text(said)).to_be_visible()
    expect(page.locator("[aria-current=step] .turn-text")).to_have_text(current)


def test_the_funnel_tells_how_many_came_to_each_step_and_each_conversation(
    open_page: Open,
) -> None:
    page = open_page("#/session/users")
    page.get_by_role("link", name="Funnel").click()
    funnel = page.locator("#funnel tbody tr")
    expect(funnel).to_have_text(
        ["0 · tool_calls3301", "1 · tool_calls2221", "2 · assistant1100"], use_inner_text=False
    )
    expect(page.locator("#funnel caption")).to_contain_text("3 conversations began, 1 ended")
    rows = page.locator("#conversations-rows tr")
    expect(rows).to_have_count(3)
    page.get_by_label("Show").select_option("failed")
    expect(rows).to_have_count(2)
    wrong = rows.filter(has_text="a.txt")
    name = wrong.get_by_role("link").inner_text()
    wrong.get_by_role("link").click()
    expect(page.get_by_text(f"Conversation {name}")).to_be_visible()
    expect(entries(page)).to_have_count(3)
    for entry in entries(page).all()[1:]:
        expect(entry.locator(".sent")).to_contain_text("nothing")
    page.get_by_role("link", name="Show all").click()
    expect(entries(page)).to_have_count(8)


def test_the_timeline_marks_answers_that_were_broken_off_or_left(
    server: Server, open_page: Open
) -> None:
    script = {
        "turns": [
            text("never heard") | {"fault": "disconnect"},
            text("a " * 50) | {"fault": {"kind": "stall", "ms": 200, "after_chunks": 1}},
        ]
    }
    control(server, "POST", "/sessions", {"name": "aborted", "script": script})
    body = {"model": "m", "messages": [user("Hi")], "stream": True}
    url = Agent(server, "aborted").url
    with pytest.raises(httpx.TransportError):
        httpx.post(url, json=body)
    with httpx.stream("POST", url, json=body) as answer:
        next(answer.iter_lines())
    page = open_page("#/session/aborted")
    expect(entries(page)).to_have_count(2)
    expect(entries(page).first.locator(".badge").last).to_have_text("aborted: broken off")
    expect(entries(page).last.locator(".badge").last).to_have_text("aborted: client gone")


def test_the_timeline_says_what_is_new_on_every_api(server: Server, open_page: Open) -> None:
    bash = {"type": "tool_calls", "calls": [{"name": "bash", "arguments": {}, "id": "call_1"}]}
    control(server, "POST", "/sessions", {"name": "apis", "script": {"turns": [bash]}})
    base = f"{server.origin}/s/apis"
    asked = {"role": "user", "content": "look"}
    messages = {"model": "m", "max_tokens": 9, "system": "the system"}
    used = {"type": "tool_use", "id": "call_1", "name": "bash", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": "found by claude"}
    used_by = {"role": "assistant", "content": [used]}
    content = [result, {"type": "text", "text": "and now?"}]
    called = {"type": "function_call", "call_id": "call_1", "name": "bash", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "call_1", "output": "found by gpt"}
    tools = [{"name": "bash", "input_schema": {"type": "object"}}]
    for path, body in (
        ("/anthropic/v1/messages", messages | {"messages": [asked]}),
        (
            "/anthropic/v1/messages",
            messages
            | {"tools": tools, "messages": [asked, used_by, {"role": "user", "content": content}]},
        ),
        ("/openai/v1/responses", {"model": "m", "input": "plain", "instructions": "be brief"}),
        ("/openai/v1/responses", {"model": "m", "input": [asked, called, output]}),
    ):
        assert httpx.post(base + path, json=body).status_code == 200
    page = open_page("#/session/apis")
    expect(entries(page).locator(".sent")).to_have_text(
        [
            "Agent sentsystemthe systemuserlook",
            "Agent senttool resultfound by claudeuserand now?",
            "Agent sentsystembe briefuserplain",
            "Agent senttool resultfound by gpt",
        ]
    )
    expect(entries(page).first.locator(".findings")).to_contain_text("unoffered_tool")


def test_a_retry_is_known_by_its_header_or_by_its_size(server: Server, open_page: Open) -> None:
    script = {"turns": [{"type": "error", "kind": "overloaded"}] * 2 + [text("at last")]}
    control(server, "POST", "/sessions", {"name": "again", "script": script})
    agent = Agent(server, "again")
    agent.ask(user("same"))
    agent.ask()
    agent.ask(user("other"))
    agent.ask(user("more"), **{"x-stainless-retry-count": "1"})
    page = open_page("#/session/again")
    expect(entries(page)).to_have_count(4)
    marked = [entry.get_by_text("retry", exact=True).count() for entry in entries(page).all()]
    assert marked == [0, 1, 0, 1]


def test_a_request_that_took_no_turn_stands_at_no_step_and_in_no_track(
    server: Server, open_page: Open
) -> None:
    httpx.post(f"{server.origin}/s/lost/openai/v1/nowhere", timeout=PATIENCE)
    entry = entries(open_page("#/session/lost"))
    expect(entry).to_have_count(1)
    expect(entry.locator("header strong + span")).to_have_text("no turn")
    expect(entry.locator(".badge")).to_have_count(0)


def test_a_long_text_is_cut(server: Server, open_page: Open) -> None:
    Agent(server, "much").ask(user("word " * 1000))
    page = open_page("#/session/much")
    expect(entries(page).locator(".sent")).to_contain_text("(5,000 characters)")
    assert len(entries(page).locator(".sent").inner_text()) < 2100


def test_what_is_played_beyond_the_end_counts_no_further(server: Server, open_page: Open) -> None:
    for _ in range(7):
        Agent(server, "beyond").ask(user("Hi"))
    page = open_page("#/session/beyond")
    expect(page.locator("#session-tracks .amount").first).to_have_text("5 / 5")
