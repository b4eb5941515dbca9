"""The state directory: private, held by one live process, never reached through a link."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from filelock import lock_descriptor

from llmsim.errors import StartupError
from llmsim.store import state_dir


@pytest.fixture(autouse=True)
def temporary_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def in_another_process(program: str, *arguments: str) -> str:
    command = [
        sys.executable,
        "-c",
        f"import sys\nfrom pathlib import Path\nfrom llmsim.store import state_dir\n{program}",
        *arguments,
    ]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"TMPDIR": tempfile.gettempdir()},
    ).stdout.strip()


def test_a_private_directory_is_for_the_user_alone_and_goes_when_released() -> None:
    made = state_dir.make_private()
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o700
    assert [stat.S_IMODE(path.stat().st_mode) for path in made.path.iterdir()] == [0o600]
    made.release()
    assert not made.path.exists()


def test_a_start_sweeps_what_dead_processes_left_and_nothing_else(tmp_path: Path) -> None:
    dead = Path(in_another_process("print(state_dir.make_private().path)"))
    living = state_dir.make_private()
    unfinished = tmp_path / f"llmsim-{os.getuid()}-unfinished"
    unfinished.mkdir(mode=0o700)
    target = tmp_path / "target"
    target.mkdir(mode=0o700)
    (target / "holder").write_text("1")
    link = tmp_path / f"llmsim-{os.getuid()}-link"
    link.symlink_to(target)
    another = state_dir.make_private()
    assert not dead.exists()
    assert living.path.exists()
    assert unfinished.exists()
    assert target.exists()
    living.release()
    another.release()


def test_a_private_directory_is_never_found_free_by_another_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another server starts, and sweeps, when the directory is made and not yet locked."""

    def lock_after_another_start(descriptor: int, *, blocking: bool) -> bool:
        in_another_process("state_dir.make_private()")
        return lock_descriptor(descriptor, blocking=blocking)

    monkeypatch.setattr(state_dir, "lock_descriptor", lock_after_another_start)
    made = state_dir.make_private()
    in_another_process("state_dir.make_private()")
    assert made.path.is_dir()
    made.release()


def test_a_durable_directory_is_made_private_and_stays(tmp_path: Path) -> None:
    held = state_dir.take(tmp_path / "a" / "b")
    assert stat.S_IMODE(held.path.stat().st_mode) == 0o700
    held.release()
    assert held.path.exists()
    state_dir.take(held.path).release()


def test_a_directory_is_held_by_one_process_at_a_time(tmp_path: Path) -> None:
    held = state_dir.take(tmp_path / "state")
    program = "try: state_dir.take(Path(sys.argv[1]))\nexcept Exception as error: print(error)"
    assert f"in use by a running llmsim (process {os.getpid()})" in in_another_process(
        program, str(held.path)
    )
    held.release()
    assert in_another_process(program, str(held.path)) == ""


def test_joining_processes_share_a_directory_and_the_first_is_told(tmp_path: Path) -> None:
    first, is_first = state_dir.join(tmp_path / "state")
    second, is_second_first = state_dir.join(tmp_path / "state")
    assert (is_first, is_second_first) == (True, False)
    with pytest.raises(StartupError, match="in use"):
        state_dir.take(tmp_path / "state")
    first.release()
    second.release()
    held = state_dir.take(tmp_path / "state")
    with pytest.raises(StartupError, match="in use"):
        state_dir.join(tmp_path / "state")
    held.release()


def test_a_child_of_the_holder_releases_nothing(tmp_path: Path) -> None:
    made = state_dir.make_private()
    child = os.fork()
    if not child:
        made.release()
        os._exit(0)
    os.waitpid(child, 0)
    assert made.path.exists()
    made.release()


def test_a_hold_can_be_handed_over_through_an_exec(tmp_path: Path) -> None:
    made = state_dir.make_private()
    handed_over = made.hand_over()
    program = "held = state_dir.inherit(sys.argv[1]); print(held.path, held.private)"
    command = [
        sys.executable,
        "-c",
        f"import sys\nfrom llmsim.store import state_dir\n{program}",
        handed_over,
    ]
    printed = subprocess.run(
        command, capture_output=True, text=True, check=True, pass_fds=[made.holder]
    ).stdout
    assert printed.strip() == f"{made.path} True"
    made.release()


def test_a_file_is_never_opened_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic links"):
        state_dir.open_private(tmp_path / "link", os.O_RDONLY)
    with pytest.raises(OSError, match="symbolic links"):
        state_dir.open_private(tmp_path / "link", os.O_CREAT | os.O_WRONLY)


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    state_dir.write_new(tmp_path / "new", b"first")
    with pytest.raises(FileExistsError):
        state_dir.write_new(tmp_path / "new", b"second")
    assert (tmp_path / "new").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_without_a_folder_for_it_a_private_directory_says_where_one_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    with pytest.raises(StartupError, match=r"directory: No usable .*\['/tmp'\]; name .* TMPDIR"):
        state_dir.make_private()


def test_a_file_that_finds_no_room_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(state_dir, "_write", full)
    with pytest.raises(OSError, match="No space left"):
        state_dir.write_new(tmp_path / "new", b"first")
    assert list(tmp_path.iterdir()) == []


def test_a_holder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "victim").write_text("precious")
    (tmp_path / "state" / "holder").symlink_to(tmp_path / "victim")
    with pytest.raises(StartupError):
        state_dir.take(tmp_path / "state")
    assert (tmp_path / "victim").read_text() == "precious"


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722])
def test_a_directory_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(mode)
    with pytest.raises(StartupError, match="chmod it to 700"):
        state_dir.take(tmp_path / "state")


def test_a_directory_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(StartupError, match="belongs to user id"):
        state_dir.take(tmp_path / "state")
