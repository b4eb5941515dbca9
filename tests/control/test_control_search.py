"""Sessions by a part of their name."""

from __future__ import annotations

from tests.conftest import MakeClient
from tests.running import text

NAMES = ["shop-1", "Shop-2", "workshop", "bank"]


def test_sessions_are_found_by_a_part_of_their_name_in_any_case(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    for name in NAMES:
        client.post("/llmsim/sessions", json={"name": name})

    def found(query: str) -> set[str]:
        page = client.get(f"/llmsim/sessions?{query}").get_json()
        return {session["name"] for session in page["sessions"]}

    assert found("search=SHOP") == {"shop-1", "Shop-2", "workshop"}
    assert found("search=op-2") == {"Shop-2"}
    assert found("search=shop&prefix=w") == {"workshop"}
    assert found("search=shop&state=exhausted") == set()
    assert found("search=") == set(NAMES)
    assert found("search=nope") == set()


def test_a_search_goes_on_over_pages(make_client: MakeClient) -> None:
    client = make_client(text("a"))
    for name in NAMES:
        client.post("/llmsim/sessions", json={"name": name})
    names: list[str] = []
    after: int | None = 0
    while after is not None:
        page = client.get(f"/llmsim/sessions?search=shop&limit=1&after={after}").get_json()
        names += [session["name"] for session in page["sessions"]]
        after = page["next"]
    assert sorted(names) == ["Shop-2", "shop-1", "workshop"]
