"""The pytest plugin: a server for a test run, and a session of it for each test.

Whatever needs more than pytest is imported when a test asks for it: the plugin is there in every
project in whose environment llmsim is installed.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from llmsim.testing import Server, Session

_SESSION: Final = pytest.StashKey["Session"]()
_SERVER: Final = pytest.StashKey["Server"]()
_LOG_START: Final = pytest.StashKey[int]()
_MARKER: Final = "llmsim"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, each on the command line and in the ini file."""
    group = parser.getgroup("llmsim", "llmsim: a scripted LLM API simulator")
    group.addoption("--llmsim-workers", type=int, metavar="N", help="workers of the server (2)")
    group.addoption(
        "--llmsim-url", metavar="URL", help="use the server that runs there, and start none"
    )
    parser.addini("llmsim_workers", "workers of the server", default="2")
    parser.addini("llmsim_url", "a server that runs elsewhere", default="")
    parser.addini("llmsim_script", "what the server plays to sessions without a script", default="")
    parser.addini(
        "llmsim_strict", "a test fails where its session's verdict does", type="bool", default=False
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker."""
    config.addinivalue_line(
        "markers", f"{_MARKER}(script): the script that llmsim_session plays to this test"
    )


@pytest.fixture(scope="session")
def llmsim_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """One server for the test run, on a free port; each process of pytest-xdist has its own."""
    from llmsim.server.control_client import ControlClient  # noqa: PLC0415
    from llmsim.testing import Server, serve  # noqa: PLC0415

    url = _option(request.config, "url")
    if url:
        yield Server(ControlClient(url, os.environ.get("LLMSIM_CONTROL_TOKEN", "")))
        return
    script = request.config.getini("llmsim_script")
    path = request.config.rootpath / script if script else None
    with serve(path, workers=int(_option(request.config, "workers"))) as server:
        yield server


@pytest.fixture
def llmsim_session(
    request: pytest.FixtureRequest, llmsim_server: Server, monkeypatch: pytest.MonkeyPatch
) -> Session:
    """A fresh session. The variables that the SDKs of OpenAI and Anthropic read lead to it."""
    marker = request.node.get_closest_marker(_MARKER)
    session = llmsim_server.session(script=marker.args[0] if marker and marker.args else None)
    for name, value in session.environment.items():
        monkeypatch.setenv(name, value)
    request.node.stash[_SESSION] = session
    request.node.stash[_SERVER] = llmsim_server
    request.node.stash[_LOG_START] = llmsim_server.log_size()
    return session


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """With `llmsim_strict`, a test that passes and whose agent did not pass fails."""
    found = yield
    session = item.stash.get(_SESSION, None)
    if session is not None and item.config.getini("llmsim_strict"):
        session.assert_passed()
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report of a failed test shows what its agent did."""
    report = yield
    session = item.stash.get(_SESSION, None)
    if report.failed and call.when == "call" and session is not None:
        from llmsim.testing import VerdictError  # noqa: PLC0415

        told = call.excinfo is not None and call.excinfo.errisinstance(VerdictError)
        report.sections += _sections(item, session, told)
    return report


def _sections(item: pytest.Item, session: Session, told: bool) -> Iterator[tuple[str, str]]:
    from llmsim.errors import LlmsimError  # noqa: PLC0415

    try:
        if not told:
            yield f"llmsim session {session.name}", f"{session.verdict}\n{session.transcript()}"
        log = item.stash[_SERVER].log(item.stash[_LOG_START])
        if log:
            yield "llmsim server log", log
    except LlmsimError as error:
        yield "llmsim", str(error)


def _option(config: pytest.Config, name: str) -> Any:
    """An option as the command line has it, else the ini file."""
    given = config.getoption(f"--llmsim-{name}")
    return config.getini(f"llmsim_{name}") if given is None else given
