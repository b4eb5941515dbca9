"""The handle without pytest: a server in a process of its own, and none at all."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from openai import AsyncOpenAI

import llmsim
from llmsim.errors import ScriptInvalidError
from llmsim.server.control_client import NoAnswerError
from llmsim.testing import ServerEndedError, VerdictError
from tests.running import PATIENCE

HELLO = [llmsim.Assistant("Hello!"), llmsim.Assistant("Bye.")]
BODY = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def within(sim: llmsim.Session) -> httpx.Client:
    return httpx.Client(transport=httpx.WSGITransport(app=sim))  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_server_of_an_async_program() -> None:
    async def ask() -> str | None:
        async with llmsim.serve(HELLO, workers=1) as sim:
            client = AsyncOpenAI(base_url=sim.openai_base_url, api_key="unused")
            asked = await client.chat.completions.create(**BODY)  # type: ignore[call-overload]
            with pytest.raises(VerdictError, match="never came to turn 1"):
                sim.assert_passed()
            with pytest.raises(NoAnswerError, match="no session 'b'"):
                sim.control.get("/sessions/b")
            return str(asked.choices[0].message.content)

    assert asyncio.run(ask()) == "Hello!"


@pytest.mark.slow
def test_what_keeps_a_server_from_starting_is_said(tmp_path: Path) -> None:
    with pytest.raises(ScriptInvalidError, match="unknown turn type"):
        llmsim.serve([{"type": "x"}]).__enter__()
    with pytest.raises(ServerEndedError, match="LLMSIM_WORKERS: expected a whole number"):
        llmsim.serve(HELLO, workers="many").__enter__()
    with pytest.raises(ServerEndedError, match="cannot read the script"):
        llmsim.serve(tmp_path / "missing.json").__enter__()
    with pytest.raises(TypeError, match="did you mean 'workers'"):
        llmsim.serve(HELLO, wrokers=2)


@pytest.mark.slow
def test_an_agent_that_asks_nothing_is_judged_too(tmp_path: Path) -> None:
    for run in range(2):
        with llmsim.serve(HELLO, workers=1, state_dir=tmp_path / "state") as sim:
            assert len(sim.requests) == run
            with pytest.raises(VerdictError, match=f"{run} of 2 turns taken" if run else "0 req"):
                sim.assert_passed()
            httpx.post(f"{sim.openai_base_url}/chat/completions", json=BODY, timeout=PATIENCE)
    with pytest.raises(ServerEndedError):
        _ = sim.requests


@pytest.mark.slow
def test_requests_are_held_at_a_gate_until_they_are_released() -> None:
    turn = {"type": "assistant", "text": "At last.", "gate": "door"}
    with llmsim.serve([turn] * 4) as sim, ThreadPoolExecutor() as agents:

        def ask() -> int:
            url = f"{sim.openai_base_url}/chat/completions"
            return httpx.post(url, json=BODY, timeout=PATIENCE).status_code

        with pytest.raises(TimeoutError, match="0 of 1 requests wait at the gate 'door'"):
            sim.waiting("door", seconds=0.1)
        answers = [agents.submit(ask) for _ in range(3)]
        held = sim.waiting("door", requests=3, seconds=PATIENCE)
        assert [each["ticket"] for each in held] == [0, 1, 2]
        assert sorted(each["position"] for each in held) == [0, 1, 2]
        sim.release("door", count=1)
        while not any(answer.done() for answer in answers):
            assert len(sim.waiting("door", requests=0)) in (2, 3)
        assert [each["ticket"] for each in sim.waiting("door", requests=0)] == [1, 2]
        sim.release("door")
        assert [ask(), *(answer.result() for answer in answers)] == [200] * 4


def test_without_a_server_each_has_a_session_of_its_own() -> None:
    first, second = llmsim.wsgi(HELLO), llmsim.wsgi(HELLO)
    for sim in (first, second):
        within(sim).post(f"{sim.openai_base_url}/chat/completions", json=BODY)
    within(first).post(f"{first.openai_base_url}/chat/completions", json=BODY)
    first.assert_exhausted()
    with pytest.raises(VerdictError, match="1 of 2 turns were taken"):
        second.assert_exhausted()
    assert [len(sim.requests) for sim in (first, second)] == [2, 1]
    assert len(second.reset().script(HELLO).requests) == 0
    with pytest.raises(NoAnswerError, match="There is a session"):
        llmsim.Session.made(first._control, first.name)


def test_turns_that_nobody_asked_for_are_left_also_those_of_a_track() -> None:
    sim = llmsim.wsgi(HELLO)
    with pytest.raises(VerdictError, match=r"^0 of 2 turns were taken"):
        sim.assert_exhausted()
    side = {"name": "side", "when": {"model": "other"}, "turns": [{"type": "echo"}]}
    sim.script({"turns": [{"type": "echo"}], "tracks": [side]})
    ask = within(sim).post
    ask(f"{sim.openai_base_url}/chat/completions", json=BODY)
    with pytest.raises(VerdictError, match=r"^0 of 1 turns of track side were taken"):
        sim.assert_exhausted()
    ask(f"{sim.openai_base_url}/chat/completions", json=BODY | {"model": "other"})
    sim.assert_exhausted()
    sim.script({"order": "history", "turns": [{"type": "echo"}]})
    with pytest.raises(VerdictError, match=r"^0 of 0 conversations came to the end"):
        sim.assert_exhausted()


def test_requests_that_took_no_turn_are_among_the_others() -> None:
    sim = llmsim.wsgi(HELLO)
    within(sim).get(f"{sim.openai_base_url}/models")
    within(sim).post(f"{sim.openai_base_url}/chat/completions", json={})
    for request in sim.requests:
        assert {request.position, request.turn, request.step, request.conversation} == {None}
    assert sim.conversations == []


def test_requests_that_send_what_is_new_alone_are_in_the_conversation_that_they_go_on_with() -> (
    None
):
    call = llmsim.ToolCalls([llmsim.Call("look")])
    sim = llmsim.wsgi(llmsim.Script([call, call, *HELLO[:1]], order="history"))
    users: list[dict[str, object]] = [{"input": "Hi"}, {"input": "Ho"}]
    for _ in range(3):
        for user in users:
            asked = within(sim).post(
                f"{sim.openai_base_url}/responses", json={"model": "m", **user}
            )
            (item,) = asked.json()["output"]
            result = {"type": "function_call_output", "output": "x", "call_id": item.get("call_id")}
            user |= {"input": [result], "previous_response_id": asked.json()["id"]}
    assert [[entry.step for entry in each.requests] for each in sim.conversations] == [
        [0, 1, 2],
        [0, 1, 2],
    ]


def test_without_a_server_a_path_may_hold_letters_of_any_kind() -> None:
    sim = llmsim.wsgi(HELLO)
    for model in ("größe", "大きい"):
        answer = within(sim).get(f"{sim.openai_base_url}/models/{model}")
        assert answer.json()["id"] == model


def test_a_stream_that_is_read_to_its_last_event_is_complete() -> None:
    sim = llmsim.wsgi(HELLO[:1])
    url = f"{sim.openai_base_url}/chat/completions"
    with within(sim).stream("POST", url, json={**BODY, "stream": True}) as answer:
        for line in answer.iter_lines():
            if line == "data: [DONE]":
                break
    sim.assert_passed()
