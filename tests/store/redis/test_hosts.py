"""What hosts that share a Redis see of one another: a store of its own stands for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from llmsim import Script
from llmsim.conversation import Request
from llmsim.errors import MovedError, StateLostError, StoreError, StoreUnreachableError
from llmsim.playback import Playback
from llmsim.reply import Reply
from llmsim.store.base import Claim, Store
from llmsim.store.redis.redis_store import RedisStore
from llmsim.store.redis.scripts import Scripts
from tests.redis_server import RedisServer
from tests.running import numbered, text

DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


@pytest.fixture
def hosts(redis_server: RedisServer) -> tuple[RedisStore, RedisStore]:
    with redis_server.client() as client:
        client.flushall()
    return redis_server.store("hosts"), redis_server.store("hosts")


@pytest.fixture
def own_server() -> Iterator[RedisServer]:
    """A Redis that a test may stop and empty."""
    with TemporaryDirectory(prefix="redis-") as folder, RedisServer(Path(folder)) as server:
        yield server


def test_simulators_with_prefixes_of_their_own_share_a_server(redis_server: RedisServer) -> None:
    one, other = redis_server.store("one"), redis_server.store("other")
    one.publish(b"1")
    other.publish(b"2")
    assert one.claim("s").position == other.claim("s").position == 0
    assert one.claim("s").position == 1
    assert one.delete("s")
    assert other.claim("s").position == 1


def test_hosts_that_publish_the_same_script_rewind_nothing(
    hosts: tuple[RedisStore, RedisStore],
) -> None:
    one, other = hosts
    script = Script.from_spec({"turns": numbered(3)})
    assert Playback(one).publish(script)
    claim = one.claim("s")
    assert not Playback(other).publish(script)
    assert other.claim("s") == claim._replace(position=1, arrival=1, place=1)


@pytest.mark.parametrize("change", ["reset", "put_script", "delete", "publish"])
def test_what_a_host_remembers_of_a_session_is_found_out_by_the_claim(
    hosts: tuple[RedisStore, RedisStore], change: str
) -> None:
    one, other = hosts
    one.publish(b"a")
    one.claim("s", one.look("s"))
    old = one.look("s")
    arguments = {"put_script": ("s", b"own"), "publish": (b"b",)}.get(change, ("s",))
    getattr(other, change)(*arguments)
    assert one.look("s") == old, "it was not asked anew"
    with pytest.raises(MovedError):
        one.claim("s", old)
    assert one.look("s") == other.look("s") != old
    assert one.claim("s", one.look("s")).position == 0


def test_a_script_that_a_host_remembers_and_that_is_gone_is_looked_for_anew(
    hosts: tuple[RedisStore, RedisStore],
) -> None:
    one, other = hosts
    one.publish(b"a")
    own = one.put_script("s", b"own")
    assert one.look("s").script == own.script
    other.delete("s")
    with pytest.raises(StateLostError):
        one.script(own.script)
    assert one.look("s").script == one.published()


def test_the_same_script_of_many_sessions_is_kept_once_and_as_long_as_one_plays_it(
    hosts: tuple[RedisStore, RedisStore],
) -> None:
    one, other = hosts
    one.publish(b"default")
    keys = {store.put_script(name, b"own").script for store in hosts for name in ("a", "b", "c")}
    assert len(keys) == 1
    (key,) = keys
    for name in ("a", "b"):
        one.delete(name)
    assert other.script(key) == b"own"
    other.put_script("c", b"another")
    with pytest.raises(StateLostError):
        one.script(key)


def test_a_large_script_comes_in_pieces_and_is_the_same(
    hosts: tuple[RedisStore, RedisStore], redis_server: RedisServer
) -> None:
    one, other = hosts
    content = b"".join(b"%d," % number for number in range(500_000))
    key = one.publish(content)
    assert len(content) > 3 * 2**20
    assert other.script(key)[:] == content
    with redis_server.client() as client:
        assert list(client.scan_iter("*part:*")) == []


@pytest.mark.parametrize("act", ["publish", "put_script"])
def test_a_script_that_goes_before_it_plays_is_written_again(
    hosts: tuple[RedisStore, RedisStore],
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    act: str,
) -> None:
    """Whoever else played it has just stopped."""
    one, other = hosts
    one.publish(b"a")
    stage, going = Scripts.stage, iter([True, False, True, True, True])

    def stage_and_go(scripts: Scripts, script: bytes) -> int:
        key = stage(scripts, script)
        if next(going):
            with redis_server.client() as client:
                assert client.delete(f"{{hosts}}:script:{key:016x}") == 1
        return key

    monkeypatch.setattr(Scripts, "stage", stage_and_go)
    arguments = (b"new",) if act == "publish" else ("s", b"new")
    getattr(one, act)(*arguments)
    assert other.script(other.look("s").script) == b"new"
    arguments = (*arguments[:-1], b"newer")
    with pytest.raises(StateLostError, match="as fast as it is written"):
        getattr(one, act)(*arguments)
    assert other.script(other.look("s").script) == b"new"


def test_without_its_redis_nobody_knows_whether_an_entry_was_written(
    own_server: RedisServer,
) -> None:
    store = own_server.store()
    store.publish(b"a")
    generation = store.claim("s").generation
    receipt = store.append("s", generation, b'{"end":1}')
    assert receipt is not None
    own_server.kill()
    store.amend(receipt, b'"end":2}')
    with pytest.raises(StoreUnreachableError):
        store.append("s", generation, b'{"end":1}')


def test_a_script_that_nobody_plays_goes_after_a_while(
    hosts: tuple[RedisStore, RedisStore], redis_server: RedisServer
) -> None:
    one, _ = hosts
    key = one._scripts.stage(b"never played")
    with redis_server.client() as client:
        assert 0 < client.ttl(f"{{hosts}}:script:{key:016x}") <= 600
        one.publish(b"never played")
        assert client.ttl(f"{{hosts}}:script:{key:016x}") == -1


def test_another_hosts_script_is_told_of_once(
    hosts: tuple[RedisStore, RedisStore], caplog: pytest.LogCaptureFixture
) -> None:
    one, other = hosts
    other._published.own_name = "other-host:7"
    one.publish(b"a")
    other.publish(b"b")
    for _ in range(3):
        one.look("s")
        one._seen.clear()
    told = [record.message for record in caplog.records]
    assert len(told) == 1
    assert "another host (other-host:7) has published another script" in told[0]


def test_of_two_hosts_with_folders_the_last_one_wins_and_the_other_says_so(
    hosts: tuple[RedisStore, RedisStore], caplog: pytest.LogCaptureFixture
) -> None:
    hosts[1]._published.own_name = "other-host:7"
    one, other = map(Playback, hosts)

    def says(word: str) -> Script:
        return Script.from_spec({"turns": [text(f"{word} {n}") for n in range(3)]})

    def said(session: str) -> str | None:
        outcome = one.take(Request(session=session)).outcome
        return outcome.text if isinstance(outcome, Reply) else None

    one.publish_files({"same": says("same"), "changed": says("one")})
    one.put_named("put", says("put"))
    names = ("same", "changed", "put")
    assert [said(name) for name in names] == ["same 0", "one 0", "put 0"]
    other.publish_files({"same": says("same"), "changed": says("other")})
    assert [said(name) for name in names] == ["same 1", "other 0", "put 1"]
    assert [said(name) for name in names] == ["same 2", "other 1", "put 2"]
    assert caplog.text.count("another host (other-host:7) has published another script") == 1


def test_a_reload_by_the_own_host_is_not_another_hosts(
    hosts: tuple[RedisStore, RedisStore], caplog: pytest.LogCaptureFixture
) -> None:
    """A worker has the name of the master that it was forked from."""
    one, other = hosts
    one.publish(b"a")
    other.publish(b"b")
    one.look("s")
    assert caplog.records == []


def test_a_server_that_was_emptied_gets_the_script_back_and_sessions_begin_anew(
    hosts: tuple[RedisStore, RedisStore],
    redis_server: RedisServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    one, other = hosts
    one.publish(b"a")
    before = one.claim("s", one.look("s"))
    with redis_server.client() as client:
        client.flushall()
    with pytest.raises(StoreError, match="No script has been published in Redis yet"):
        other.claim("s")
    with pytest.raises(MovedError):
        one.claim("s", one.look("s"))
    assert "was emptied: every session begins a new generation" in caplog.text
    after = other.claim("s")
    assert after.position == 0
    assert after.generation != before.generation
    assert other.script(after.script) == b"a"


@pytest.mark.parametrize("ask", ["published", "look"])
def test_whoever_asks_gives_the_script_back(
    hosts: tuple[RedisStore, RedisStore], redis_server: RedisServer, ask: str
) -> None:
    """Where a probe asks `/health` first, no claim comes before it is answered."""
    one, _ = hosts
    key = one.publish(b"a")
    with redis_server.client() as client:
        client.flushall()
    found = one.published() if ask == "published" else one.look("s").script
    assert found == key


def test_it_gets_back_what_was_published_last_on_any_host(
    hosts: tuple[RedisStore, RedisStore], redis_server: RedisServer
) -> None:
    one, other = hosts
    one.publish(b"a")
    other.publish(b"b")
    one.look("s")
    with redis_server.client() as client:
        client.flushall()
    with pytest.raises(MovedError):
        one.claim("s", one.look("s"))
    assert one.script(one.claim("s").script) == b"b"


def test_a_server_without_room_says_so_and_takes_no_turn(own_server: RedisServer) -> None:
    store = own_server.store()
    key = store.publish(b"a")
    store.claim("s")
    with own_server.client() as client:
        client.config_set("maxmemory", "1mb")
        for session in ("s", "new"):
            with pytest.raises(StoreError, match=r"refuses: OOM [^.]*raise its maxmemory"):
                store.claim(session)
        assert store.published() == key
        assert store.session("new") is None
        client.config_set("maxmemory", "0")
    assert store.claim("s").position == 1


def test_a_replica_says_which_server_to_name(own_server: RedisServer) -> None:
    store = own_server.store()
    store.publish(b"a")
    with own_server.client() as client:
        client.execute_command("REPLICAOF", "127.0.0.1", "1")
        for _ in range(2):  # on the connection that there is, and on a new one
            with pytest.raises(StoreError, match=r"replica \(store.url, .*primary\). Nothing was"):
                store.claim("s")
        client.execute_command("REPLICAOF", "NO", "ONE")
    assert store.claim("s").position == 0


def claimed_after_restart(store: Store, session: str) -> Claim:
    """A claim over a connection that is dead, unless the store has found that out by itself."""
    try:
        return store.claim(session)
    except StoreError:
        return store.claim(session)


def test_a_server_that_was_restarted_from_a_copy_repeats_no_turn(
    own_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    store = own_server.store()
    store.publish(b"a")
    store.put_script("own", b"own")
    early = [store.claim(name) for name in ("s", "own")]
    with own_server.client() as client:
        client.save()
    for name in ("s", "own"):
        store.claim(name)
    own_server.kill()
    own_server.start()
    late = [claimed_after_restart(store, name) for name in ("s", "own")]
    assert [claim.position for claim in late] == [0, 0]
    assert [claim.script for claim in late] == [claim.script for claim in early]
    assert {claim.generation for claim in late}.isdisjoint(claim.generation for claim in early)
    assert caplog.text.count("may have lost turns that it had given") == 1


def test_a_server_that_writes_before_it_answers_goes_on_where_it_was(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        TemporaryDirectory(prefix="redis-") as folder,
        RedisServer(Path(folder), *DURABLE) as server,
    ):
        store = server.store()
        store.publish(b"a")
        for _ in range(100):
            claim = store.claim("s")
        receipt = store.append("s", claim.generation, b'{"n":0}')
        assert receipt is not None
        server.kill()
        server.start()
        after = claimed_after_restart(store, "s")
        assert after == claim._replace(position=100, arrival=100, place=100)
        assert store.entries("s", 0, 10, lambda _: True).entries == [b'{"n":0}']
    assert "was restarted, and has kept everything" in caplog.text


def test_what_is_kept_goes_with_its_session(redis_server: RedisServer) -> None:
    store = redis_server.store("swept")
    store.publish(b"a")
    with redis_server.client() as client:
        keys = set(client.scan_iter("{swept}:*"))
        room = client.hgetall("{swept}:room")
    own = store.put_script("s", b"own")
    store.add("s", b"k" * 16, 1)
    receipt = store.append("s", own.generation, b'{"n":0,"end":1}')
    assert receipt is not None
    store.amend(receipt, b'"end":2}')
    store.delete("s")
    with redis_server.client() as client:
        assert set(client.scan_iter("{swept}:*")) - {b"{swept}:room"} == keys - {b"{swept}:room"}
        after = client.hgetall("{swept}:room")
    for name in (b"kept", b"journal"):
        assert int(after[name]) == int(room.get(name, 0))
