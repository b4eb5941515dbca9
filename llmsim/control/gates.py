"""Letting answers pass that wait at gates, and who waits there."""

from __future__ import annotations

from typing import Any

from flask import Response

from llmsim.control.gate_schemas import GateAnswer, GatesAnswer, Release
from llmsim.control.operation import operation, playback
from llmsim.control.sessions import existing
from llmsim.errors import RequestError
from llmsim.script.gate import a_gate_name
from llmsim.sessions import checked_name
from llmsim.store.base import DEFAULT_SESSION
from llmsim.store.gates import OPEN, GateKey, GateState


@operation("GET", "/sessions/<name>/gates", gives=GatesAnswer)
def list_gates(name: str) -> dict[str, Any]:
    """List the gates of a session, and who waits there."""
    session = existing(name)
    return _listed(session.name, session.generation)


@operation("POST", "/sessions/<name>/gates/<gate>/release", takes=Release, gives=GateAnswer)
def release_gate(name: str, gate: str, count: int | None = None) -> dict[str, Any]:
    """Let answers of a session pass that wait at a gate, or will come to it."""
    if checked_name(name) == DEFAULT_SESSION:
        playback().store.create(name)  # its first request may still be to come
    session = existing(name)
    return _released(GateKey(_checked(gate), session.name, session.generation), count)


@operation("GET", "/gates", gives=GatesAnswer)
def list_server_gates() -> dict[str, Any]:
    """List the gates that all sessions share, and who waits there."""
    return _listed("", 0)


@operation("POST", "/gates/<gate>/release", takes=Release, gives=GateAnswer)
def release_server_gate(gate: str, count: int | None = None) -> dict[str, Any]:
    """Let answers of all sessions pass that wait at a gate, or will come to it."""
    return _released(GateKey(_checked(gate)), count)


@operation("DELETE", "/gates/<gate>", status=204)
def close_server_gate(gate: str) -> Response:
    """Forget a gate that all sessions share: it is closed, and who waits there passes."""
    if not playback().store.gates.close(GateKey(_checked(gate))):
        message = f"Nobody has come to a gate {gate!r} that all sessions share."
        raise RequestError(message, code="gate_not_found", status=404)
    return Response(status=204)


def _released(key: GateKey, count: int | None) -> dict[str, Any]:
    state = playback().store.gates.release(key, count)
    if state is None:
        message = f"The session {key.session!r} was rewound meanwhile."
        raise RequestError(message, code="session_rewound", status=409)
    return _shown(state)


def _listed(session: str, generation: int) -> dict[str, Any]:
    states = playback().store.gates.all(session, generation)
    return {"gates": [_shown(state) for state in states]}


def _shown(state: GateState) -> dict[str, Any]:
    is_open = state.released == OPEN
    return {
        "name": state.name,
        "open": is_open,
        "tickets": state.tickets,
        "ahead": 0 if is_open else max(state.released - state.tickets, 0),
        "waiting": [
            {"ticket": ticket, **who._asdict()} for ticket, who in sorted(state.waiting.items())
        ],
    }


def _checked(gate: str) -> str:
    wrong = a_gate_name(gate)
    if wrong:
        raise RequestError(f"The gate's name: {wrong}.", code="invalid_gate")
    return gate
