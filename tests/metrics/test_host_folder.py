"""The numbers of the processes of a host: exact, whatever dies and whoever reads meanwhile."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from prometheus_client.mmap_dict import MmapedDict

from llmsim.errors import StateLostError
from llmsim.metrics import catalog, host, host_folder, number_file
from llmsim.metrics.counters import Counted, Counters
from llmsim.metrics.host_folder import HostFolder
from llmsim.metrics.number_file import SIZE, NumberFile, key_of
from tests.stress.forks import fork, wait_for


@pytest.fixture
def folder(tmp_path: Path) -> HostFolder:
    made = HostFolder(tmp_path / "metrics")
    made.begin(1000.0)
    return made


def request(model: str = "m") -> Counted:
    done = Counted("chat", "default")
    done.turn, done.status, done.claim, done.seconds = "assistant", 200, 0.00001, 0.0002
    done.model, done.prompt_tokens, done.completion_tokens = model, 10, 1
    return done


def count(counters: Counters, requests: int) -> None:
    """So many requests that end, and one that goes on."""
    counters.begins()
    for _ in range(requests):
        counters.begins()
        counters.ends(request())


def counted(folder: HostFolder) -> tuple[int, int]:
    """Requests that have ended, and those that go on."""
    totals = folder.totals()
    return int(totals.sum(catalog.REQUESTS)), int(totals.sum(catalog.ACTIVE))


def live(folder: HostFolder) -> list[Path]:
    return sorted(folder.path.glob("*.live"))


def serve_and_die(folder: HostFolder, requests: int, processes: int = 1) -> None:
    """Processes that each count so many requests and are killed while one more goes on."""

    def serve() -> None:
        count(Counters(folder.new_file()), requests)
        os.kill(os.getpid(), signal.SIGKILL)

    for _ in range(processes):
        assert wait_for(fork(serve)) == -signal.SIGKILL


def test_living_processes_are_added_up(folder: HostFolder) -> None:
    assert counted(folder) == (0, 0)
    counters = [Counters(folder.new_file()) for _ in range(3)]
    for number, each in enumerate(counters, 1):
        count(each, number)
    assert counted(folder) == (6, 3)
    totals = folder.totals()
    assert totals.sum(catalog.TOKENS, kind="prompt") == 60
    assert totals.one(catalog.STARTED) == 1000
    assert totals.models() == {"m": 6}
    (buckets,) = totals.buckets(catalog.CLAIM).values()
    assert sum(buckets) == 6


def test_what_the_dead_have_counted_stays_and_what_they_were_at_does_not(
    folder: HostFolder,
) -> None:
    alive = Counters(folder.new_file())
    count(alive, 1)
    serve_and_die(folder, 5)
    assert len(live(folder)) == 2
    assert counted(folder) == (6, 1)  # also before anybody has put them together
    folder.fold()
    assert len(live(folder)) == 1
    assert counted(folder) == (6, 1)
    count(alive, 1)
    assert counted(folder) == (7, 2)


@pytest.mark.slow
def test_many_dead_leave_one_file_and_exact_numbers(folder: HostFolder) -> None:
    for number in range(8):
        serve_and_die(folder, 5, processes=10)
        assert len(live(folder)) == 10
        folder.fold()
        assert counted(folder) == (50 * (number + 1), 0)
    assert sorted(path.name for path in folder.path.iterdir()) == ["ended", "folding"]
    assert (folder.path / "ended").stat().st_size < 20_000
    totals = folder.totals()
    (durations,) = totals.buckets(catalog.DURATION).values()
    assert (sum(durations), max(durations)) == (400, 400)
    assert totals.sum(catalog.DURATION, "sum") == pytest.approx(400 * 0.0002)
    assert totals.one(catalog.SHORTEST) == totals.one(catalog.LONGEST) == 0.0002


def test_what_the_dead_served_in_the_last_minute_is_known(folder: HostFolder) -> None:
    serve_and_die(folder, 2, processes=3)
    folder.fold()
    recent = folder.totals().recent(catalog.SECONDS, time.time() - 59)
    assert sum(value for value, _ in recent) == 6


# Where a process that puts the dead together is killed: what it calls, and whether before or after.
STEPS = [
    (Path, "replace", False),
    (Path, "replace", True),
    (Path, "unlink", False),
    (Path, "unlink", True),
]


@pytest.mark.parametrize(("owner", "name", "after"), STEPS)
def test_whoever_puts_them_together_may_be_killed_at_any_step(
    folder: HostFolder, monkeypatch: pytest.MonkeyPatch, owner: type, name: str, after: bool
) -> None:
    serve_and_die(folder, 3, processes=4)
    whole = getattr(owner, name)

    def deadly(*arguments: Any, **options: Any) -> Any:
        if after:
            whole(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, deadly)
        assert wait_for(fork(folder.fold)) == -signal.SIGKILL
    assert counted(folder) == (12, 0)
    serve_and_die(folder, 1)
    folder.fold()
    assert counted(folder) == (13, 0)
    assert live(folder) == []
    folder.fold()
    assert counted(folder) == (13, 0)


@pytest.mark.parametrize("reads", [0, 1, 2, 3])
@pytest.mark.parametrize("after", [False, True])
def test_a_reader_meanwhile_counts_nothing_twice_and_misses_nothing(
    folder: HostFolder, monkeypatch: pytest.MonkeyPatch, reads: int, after: bool
) -> None:
    """Another one dies, and all are put together, before or after a file is read."""
    serve_and_die(folder, 1, processes=3)
    left, real = iter(range(reads)), number_file.read

    def read(path: Path) -> Any:
        if next(left, None) is not None:
            return real(path)
        monkeypatch.setattr(host_folder, "read", real)
        found = real(path) if after else None
        serve_and_die(folder, 1)
        folder.fold()
        return found or real(path)

    monkeypatch.setattr(host_folder, "read", read)
    assert counted(folder) == (4, 0)
    assert live(folder) == []


def test_only_one_process_puts_them_together_at_a_time(folder: HostFolder) -> None:
    serve_and_die(folder, 2)
    with FileLock(folder.path / "folding"):
        folder.fold()  # at once: it waits for nobody
        assert len(live(folder)) == 1
        assert counted(folder) == (2, 0)
    folder.fold()
    assert live(folder) == []


def test_without_room_for_it_the_dead_wait(
    folder: HostFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve_and_die(folder, 2)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        folder.fold()
    assert counted(folder) == (2, 0)
    assert [*folder.path.glob("*.part")] == []
    folder.fold()
    assert (counted(folder), live(folder)) == ((2, 0), [])


def test_a_file_is_as_the_library_writes_it(folder: HostFolder) -> None:
    counters = Counters(folder.new_file())
    count(counters, 2)
    (path,) = live(folder)
    theirs = MmapedDict(str(path), read_mode=True)
    found = {key: value for key, value, _ in theirs.read_all_values()}
    labels = ("chat", "false", "200", "assistant", "default")
    assert found[key_of(catalog.REQUESTS, labels)] == 2
    theirs.close()
    written = MmapedDict(str(folder.path / "theirs"))
    written.write_value("[1]", 2.5, 7.0)
    written.close()
    assert number_file.read(folder.path / "theirs") == {"[1]": (2.5, 7.0)}


def test_a_file_has_its_size_on_the_disk_from_the_start(folder: HostFolder) -> None:
    folder.new_file()
    (path,) = live(folder)
    assert path.stat().st_size == SIZE <= path.stat().st_blocks * 512
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_finds_no_room_in_a_file_is_left_out(folder: HostFolder) -> None:
    counters = Counters(folder.new_file())
    for number in range(10_000):
        counters.count(catalog.VIOLATIONS, f"{number:0200}")
    count(counters, 3)  # their places were not there yet
    found = folder.totals()
    assert 0 < found.sum(catalog.VIOLATIONS) < 10_000
    assert set(found.by(catalog.VIOLATIONS, "rule").values()) == {1}


def test_the_place_that_nobody_reads_is_nobody_s() -> None:
    whole = SIZE - 36  # with what stands around such a key the file is full
    assert NumberFile().read() == {}
    too_long, longest = NumberFile(), NumberFile()
    too_long.place("x" * whole)
    assert too_long.read() == {}
    longest.place("x" * (whole - 16), 7)
    longest.numbers[longest.place("y")] = 8
    assert longest.read() == {"x" * (whole - 16): (7, 0)}


def test_a_folder_that_is_gone_is_told_of(folder: HostFolder) -> None:
    shutil.rmtree(folder.path)
    with pytest.raises(StateLostError, match="metrics"):
        folder.totals()
    folder.fold()


def test_a_link_in_the_place_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_text("kept")
    (tmp_path / "metrics").symlink_to(elsewhere)
    with pytest.raises(OSError, match="symbolic link"):
        HostFolder(tmp_path / "metrics").begin(0)
    assert [path.name for path in elsewhere.iterdir()] == ["kept"]


def test_a_worker_without_room_for_its_file_serves_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    host.count_in(tmp_path, begins=True)
    with monkeypatch.context() as patched:
        patched.setattr(os, "posix_fallocate", full)
        count(host.counters(), 1)
    assert "leave this worker out" in caplog.text
    assert [path.name for path in (tmp_path / "metrics").iterdir()] == ["ended"]
    assert host.totals().sum(catalog.REQUESTS) == 0


def test_where_nothing_is_to_be_counted_neither_a_process_nor_its_child_does(
    tmp_path: Path,
) -> None:
    host.count_in(tmp_path, begins=True)
    host.count_nothing()
    count(host.counters(), 2)
    assert wait_for(fork(_check_nothing_is_counted)) == 0
    assert host.totals().sum(catalog.REQUESTS) == 0
    assert sorted(path.name for path in (tmp_path / "metrics").iterdir()) == ["ended"]


def _check_nothing_is_counted() -> None:
    count(host.counters(), 2)
    assert host.totals().sum(catalog.REQUESTS) == 0


def test_whoever_reads_puts_the_dead_together(tmp_path: Path) -> None:
    host.count_in(tmp_path, begins=True)
    folder = HostFolder(tmp_path / "metrics")
    serve_and_die(folder, 2, processes=3)
    assert host.totals().sum(catalog.REQUESTS) == 6
    assert [path.name.partition("-")[0] for path in live(folder)] == [str(os.getpid())]


def test_a_process_by_itself_knows_when_it_began() -> None:
    started = host.totals().one(catalog.STARTED)
    assert started is not None
    assert 0 <= time.time() - started < 60


def test_a_child_counts_for_itself(tmp_path: Path) -> None:
    host.count_in(tmp_path, begins=True)
    count(host.counters(), 1)
    for _ in range(2):
        assert wait_for(fork(lambda: count(host.counters(), 2))) == 0
    found = host.totals()
    assert (found.sum(catalog.REQUESTS), found.sum(catalog.ACTIVE)) == (5, 1)


def test_threads_lose_nothing(folder: HostFolder) -> None:
    counters = Counters(folder.new_file())
    threads = [threading.Thread(target=count, args=(counters, 2000)) for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(interval)
    assert counted(folder) == (8000, 4)
