"""Requests and what the journal says of them, for the tests here."""

from __future__ import annotations

import json
from typing import Any

from flask.testing import FlaskClient

from tests.requests import CHAT, body_for


def ask(
    client: FlaskClient,
    session: str = "a",
    route: str = CHAT,
    headers: dict[str, str] | None = None,
    **fields: Any,
) -> Any:
    """Ask, and read the answer to its end."""
    return post(client, json.dumps(body_for(route, **fields)), session, route, headers)


def post(
    client: FlaskClient,
    body: str | bytes,
    session: str = "a",
    route: str = CHAT,
    headers: dict[str, str] | None = None,
) -> Any:
    """Post the body as it is, and read the answer to its end."""
    response = client.post(
        f"/s/{session}{route}", data=body, content_type="application/json", headers=headers or {}
    )
    assert response.data is not None
    return response


def journal(client: FlaskClient, session: str = "a", query: str = "") -> dict[str, Any]:
    """A page of a session's journal; fails where it is not JSON."""
    response = client.get(f"/llmsim/sessions/{session}/requests?{query}")
    assert response.status_code == 200, response.data
    page: dict[str, Any] = json.loads(response.data)
    return page


def entries(
    client: FlaskClient, session: str = "a", query: str = "limit=1000"
) -> list[dict[str, Any]]:
    """The entries of a session's journal."""
    found: list[dict[str, Any]] = journal(client, session, query)["entries"]
    return found


def is_empty(page: dict[str, Any], dropped: int = 0) -> bool:
    """Whether a page is that of an empty journal."""
    nothing = {"entries": [], "stale": [], "rewound": False, "timed_out": False}
    return page == nothing | {"next": page["next"], "dropped": dropped}
