"""What a request costs: everything that it says is counted."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from llmsim.tokens import count
from tests.conftest import MakeClient
from tests.requests import ROUTE_OF
from tests.running import text

MODEL = {"model": "m", "max_tokens": 16}
ASKED = {"role": "user", "content": "Hi"}


def chat(*results: str) -> dict[str, Any]:
    function = {"name": "f", "arguments": "{}"}
    call = {"id": "call_1", "type": "function", "function": function}
    answered = [{"role": "tool", "tool_call_id": "call_1", "content": each} for each in results]
    return {"messages": [ASKED, {"role": "assistant", "tool_calls": [call]}, *answered]}


def responses(*results: str) -> dict[str, Any]:
    call = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    answered = [
        {"type": "function_call_output", "call_id": "call_1", "output": each} for each in results
    ]
    return {"input": [ASKED, call, *answered]}


def anthropic(*results: str) -> dict[str, Any]:
    call = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
    answered = [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": each} for each in results
    ]
    said = [{"role": "assistant", "content": [call]}, {"role": "user", "content": answered}]
    return {"messages": [ASKED, *said]}


def prompt_tokens(client: FlaskClient, route: str, body: dict[str, Any]) -> int:
    usage = client.post(route, json=MODEL | body).get_json()["usage"]
    return int(usage.get("prompt_tokens", usage.get("input_tokens")))


SAID = {
    "chat": chat,
    "responses": responses,
    "openresponses": responses,
    "anthropic": anthropic,
}
with_every_api = pytest.mark.parametrize(
    ("route", "body"),
    [(route, SAID[api]) for api, route in ROUTE_OF.items()],
)


@with_every_api
def test_the_result_of_a_tool_is_part_of_the_prompt(
    make_client: MakeClient, route: str, body: Any
) -> None:
    client, long = make_client(text("a")), "line of a file\n" * 50
    costs = [prompt_tokens(client, route, body(result)) for result in ("", long)]
    assert costs[1] - costs[0] == count(long) > 100


@with_every_api
def test_results_that_come_back_under_one_call_id_are_all_counted(
    make_client: MakeClient, route: str, body: Any
) -> None:
    client, first, second = make_client(text("a")), "line of a file\n" * 50, "another one\n" * 30
    none, one, both = (
        prompt_tokens(client, route, body(*results))
        for results in (("", ""), (first, ""), (first, second))
    )
    assert (one - none, both - one) == (count(first), count(second))
