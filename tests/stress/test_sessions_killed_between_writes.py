"""A process that dies before any one of the writes that change a session, at every write in turn.

The session is as before or as after.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from llmsim.errors import StoreFullError
from llmsim.store.base import Session
from llmsim.store.mmap_store import MmapStore
from tests.stress.deadly import die_at

ROOM = 8
SESSION = "victim"
# The row after the session's own is theirs, so that searches pass over its mark when it is deleted.
NEIGHBOURS = [f"neighbour-{number}" for number in range(6)]
Step = Callable[[MmapStore], object]


def absent(store: MmapStore) -> None:
    """The session was never there."""


def made(store: MmapStore) -> None:
    """It follows the default script."""
    store.create(SESSION)
    store.claim(SESSION)


def given_scripts(store: MmapStore) -> None:
    """It has played two scripts of its own, so that both of its states are in use."""
    for script in (b"first", b"second"):
        store.put_script(SESSION, script)
        store.claim(SESSION)


def deleted(store: MmapStore) -> None:
    """It had scripts of its own, and was deleted."""
    given_scripts(store)
    store.delete(SESSION)


def made_again(store: MmapStore) -> None:
    """It follows the default script in a row in which scripts of its own have played."""
    deleted(store)
    made(store)


def overtaken(store: MmapStore) -> None:
    """As `made_again`, and the default script was replaced since.

    Its next claim begins a generation.
    """
    made_again(store)
    store.publish(b"default")


def put(store: MmapStore) -> object:
    return store.put_script(SESSION, b"put")


def reset(store: MmapStore) -> object:
    return store.reset(SESSION)


def delete(store: MmapStore) -> object:
    return store.delete(SESSION)


def create(store: MmapStore) -> object:
    return store.create(SESSION)


def claim(store: MmapStore) -> object:
    return store.claim(SESSION)


def is_after(act: Step, before: Session | None, now: Session | None, store: MmapStore) -> bool:
    """Whether `now` is what `act` makes of `before`."""
    if act is delete or now is None:
        return act is delete and now is None
    anew = before is None or now.generation != before.generation
    script = store.script(now.script)
    if act is put:
        return anew and not now.follows and now.position == 0 and script == b"put"
    if act is reset:
        assert before is not None
        return (
            anew
            and now.position == 0
            and (now.follows, now.script) == (before.follows, before.script)
        )
    if act is create:
        return anew and now.follows and now.position == 0 and script == b"default"
    # A claim that begins a generation may die with the generation begun and nothing claimed.
    return (
        (now.position in (0, 1) and now.follows)
        if anew
        else before is not None and now.position == before.position + 1
    )


def neighbours_in(store: MmapStore) -> dict[str, Session | None]:
    return {name: store.session(name) for name in NEIGHBOURS}


def assert_unharmed(store: MmapStore, neighbours: dict[str, Session | None]) -> None:
    """The other sessions stand as they stood, go on from there, and can play their scripts."""
    assert neighbours_in(store) == neighbours
    for number, (name, before) in enumerate(neighbours.items()):
        assert before is not None
        after = store.claim(name)
        assert (after.position, after.generation) == (before.position, before.generation)
        assert store.script(after.script) == (b"own %d" % number if number % 2 else b"default")


def fill(store: MmapStore) -> list[str]:
    """Make sessions until there is no room for another; their names."""
    names: list[str] = []
    with suppress(StoreFullError):
        for number in range(ROOM + 1):
            assert store.create(f"more-{number}") is not None
            names.append(f"more-{number}")
    return names


def assert_searchable(store: MmapStore, count: int) -> None:
    """So many sessions are listed, each is found by its name, and all can be deleted.

    There is room for the rest, or all of it but one.
    """
    names = [session.name for session in store.sessions(0, 100)[0]]
    assert len(names) == len(set(names)) == count
    more = fill(store)
    assert ROOM - 1 <= count + len(more) <= ROOM
    names += more
    assert all((found := store.session(name)) is not None and found.name == name for name in names)
    assert all(store.delete(name) for name in names)
    assert store.sessions(0, 100) == ([], None)
    assert not any(store.delete(name) for name in names)


CASES = [
    *((put, prepare) for prepare in (absent, made, given_scripts, deleted, made_again)),
    *((reset, prepare) for prepare in (made, given_scripts, made_again)),
    *((delete, prepare) for prepare in (made, given_scripts, made_again)),
    *((create, prepare) for prepare in (absent, deleted)),
    *((claim, prepare) for prepare in (absent, made, deleted, overtaken)),
]


@pytest.mark.parametrize(("act", "prepare"), CASES, ids=lambda step: step.__name__)
def test_a_change_of_a_session_that_dies_at_any_write_has_happened_wholly_or_not_at_all(
    tmp_path: Path, act: Step, prepare: Step
) -> None:
    died, deadly = True, 0
    while died:
        directory = tmp_path / str(deadly)
        directory.mkdir()
        store = MmapStore.create_in(directory, max_sessions=ROOM)
        store.publish(b"default")
        for number, name in enumerate(NEIGHBOURS):
            store.put_script(name, b"own %d" % number) if number % 2 else store.create(name)
        prepare(store)
        for name in NEIGHBOURS:
            store.claim(name)
        before, neighbours = store.session(SESSION), neighbours_in(store)

        died = die_at(directory, deadly, act, files=True)

        # The worker that knew where the session was, and one that is new.
        for other in (store, MmapStore(directory)):
            now = other.session(SESSION)
            assert is_after(act, before, now, other) or (died and now == before), (
                f"write {deadly}: {before} has become {now}"
            )
        assert_unharmed(store, neighbours)
        if now is not None and prepare is not overtaken:
            assert store.claim(SESSION)[:2] == (now.position, now.generation)
        assert_searchable(store, len(NEIGHBOURS) + (store.session(SESSION) is not None))
        default = store.published()
        assert default is not None
        assert store.script(default) == b"default", f"write {deadly}"
        deadly += 1
    assert deadly > 2, "no write was counted"
