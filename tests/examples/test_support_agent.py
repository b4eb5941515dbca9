"""An agent's test suite on the pytest plugin, each test with a script of its own."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from openai import BadRequestError

from llmsim.testing import Session
from tests.examples.agent import support, trimmer

Json = dict[str, Any]
RATE_LIMIT: Json = {"type": "error", "kind": "rate_limit"}


def say(text: str, **more: Any) -> Json:
    return {"type": "assistant", "text": text, **more}


def call(*calls: tuple[str, Json], **more: Any) -> Json:
    made = [{"name": name, "arguments": arguments} for name, arguments in calls]
    return {"type": "tool_calls", "calls": made, **more}


FIND_7 = ("find_order", {"number": 7})
FIND_8 = ("find_order", {"number": 8})


def test_it_says_what_the_model_says(llmsim_session: Session) -> None:
    llmsim_session.script([say("Hello!")])
    assert support("Hi") == "Hello!"


def test_it_runs_the_tool_with_the_arguments_and_sends_the_result(llmsim_session: Session) -> None:
    llmsim_session.script([call(FIND_7), say("It was sent.")])
    assert support("Where is order 7?") == "It was sent."
    (result,) = llmsim_session.requests[-1].results
    assert result.tool == "find_order"
    assert json.loads(result.text) == {"id": "ord-7", "state": "sent"}


def test_parallel_calls_come_back_in_one_request(llmsim_session: Session) -> None:
    llmsim_session.script([call(FIND_7, FIND_8), say("One is sent, one is packed.")])
    support("Where are orders 7 and 8?")
    assert [result.tool for result in llmsim_session.requests[-1].results] == ["find_order"] * 2
    llmsim_session.assert_passed()


@pytest.mark.llmsim([RATE_LIMIT, RATE_LIMIT, say("Here I am.")])
def test_it_survives_two_rate_limits(llmsim_session: Session) -> None:
    assert support("Hi") == "Here I am."
    assert [each.status for each in llmsim_session.requests] == [429, 429, 200]


def test_it_survives_an_error_in_the_middle_of_its_work(llmsim_session: Session) -> None:
    broken = {"type": "error", "kind": "other", "message": "busy", "status_code": 503}
    llmsim_session.script([call(FIND_7), broken, say("It was sent.")])
    assert support("Where is order 7?") == "It was sent."
    llmsim_session.assert_exhausted()


def test_it_gives_up_where_the_errors_do_not_end(llmsim_session: Session) -> None:
    llmsim_session.script({"turns": [RATE_LIMIT], "on_exhausted": "repeat_last"})
    with pytest.raises(Exception, match="Rate limit exceeded"):
        support("Hi", max_retries=1)
    assert len(llmsim_session.requests) == 2


def test_it_stops_after_the_final_answer(llmsim_session: Session) -> None:
    llmsim_session.script([call(FIND_7), say("It was sent.")])
    support("Where is order 7?")
    llmsim_session.assert_exhausted()
    llmsim_session.assert_passed()  # a request too many would be against it


def test_it_offers_its_tools_and_its_prompt(llmsim_session: Session) -> None:
    expect = {"tools_include": ["find_order", "refund"], "system_contains": "about orders"}
    llmsim_session.script([say("Hello!", expect=expect)])
    support("Hi")
    llmsim_session.assert_passed()


def test_it_sends_what_the_tool_said_of_an_order_that_there_is_not(
    llmsim_session: Session,
) -> None:
    expect = {"tool_result": {"tool": "find_order", "contains": "there is no order 9"}}
    llmsim_session.script([call(("find_order", {"number": 9})), say("No.", expect=expect)])
    support("Where is order 9?")
    llmsim_session.assert_passed()


def test_the_id_that_a_tool_returned_goes_into_the_next_call(llmsim_session: Session) -> None:
    order = {"$value": "results[-1].json.id"}
    llmsim_session.script(
        [call(FIND_7), call(("refund", {"order_id": order})), say("You get it back.")]
    )
    support("I want my money back for order 7.")
    assert json.loads(llmsim_session.requests[-1].results[-1].text) == {"refunded": "ord-7"}


def test_a_trimmed_history_is_one_that_the_real_api_refuses(llmsim_session: Session) -> None:
    turns = [call(FIND_7), call(FIND_8), say("One is sent, one is packed.")]
    llmsim_session.script({"protocol": "refuse", "turns": turns})
    with pytest.raises(BadRequestError, match="must be a response to a preceeding message"):
        support("Where are orders 7 and 8?", [trimmer])


TEAM = ("clerk", "courier", "cashier")


def test_three_agents_at_once_get_the_turns_of_their_own_tracks(llmsim_session: Session) -> None:
    def track(name: str) -> Json:
        turns = [call(FIND_7), call(FIND_8), say(f"The {name} has looked.")]
        return {"name": name, "when": {"system_contains": name}, "turns": turns}

    llmsim_session.script({"on_exhausted": "error", "tracks": [track(name) for name in TEAM]})
    with ThreadPoolExecutor(len(TEAM)) as pool:
        prompts = [f"You are the {name}." for name in TEAM]
        said = list(pool.map(lambda prompt: support("Look.", prompt=prompt), prompts))
    assert said == [f"The {name} has looked." for name in TEAM]
    llmsim_session.assert_exhausted()
    llmsim_session.assert_passed()
