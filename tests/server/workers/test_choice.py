"""Which worker class serves, and that a gunicorn which has changed inside is left to itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from gunicorn import http, util
from gunicorn.http import message, parser, unreader, wsgi

from llmsim.server.workers import one_write, ours
from llmsim.server.workers.fast_worker import FastWorker
from llmsim.server.workers.gevent_worker import GeventWorker
from tests.each import for_each
from tests.requests import request_to
from tests.running import GUNICORN, PATIENCE, Server

WARNING = "llmsim: this gunicorn serves HTTP in its own way, more slowly: "

CONF = """
from llmsim.server.gunicorn_config import *

ours = post_fork

def post_fork(server, worker):
    ours(server, worker)
    server.log.info("forked a %s", type(worker).__name__)
"""


def running(tmp_path: Path, *arguments: str, conf: str = CONF, **variables: str) -> Server:
    (tmp_path / "conf.py").write_text(conf)
    command = [GUNICORN[0], "-c", str(tmp_path / "conf.py"), "wsgi:app"]
    return Server(tmp_path, None, *arguments, command=command, **variables)


@pytest.mark.parametrize(
    ("arguments", "setting", "name"),
    [
        ((), None, "FastWorker"),
        ((), "gevent", "FastWorker"),
        (("-k", "gevent"), None, "GeventWorker"),
        (("-k", "gevent"), "sync", "GeventWorker"),
        (("-k", "gthread"), None, "ThreadWorker"),
    ],
)
def test_gevent_is_fast_unless_gunicorns_command_line_says_gevent(
    tmp_path: Path, arguments: tuple[str, ...], setting: str | None, name: str
) -> None:
    variables = {"LLMSIM_WORKER_CLASS": setting} if setting else {}
    with running(tmp_path, *arguments, LLMSIM_WORKERS="1", **variables) as server:
        server.wait_for_log(f"forked a {name}\n")
        assert f"on 1 {arguments[1] if arguments else 'gevent'} workers;" in server.log()
        assert WARNING not in server.log()


# What gunicorn may do without, as far as it serves a request by itself.
UNUSED_BY_GUNICORN = {
    "a method of its reader": "del unreader.Unreader.take_buffered",
    "a class": "del body.LengthReader",
}


@pytest.mark.parametrize("change", UNUSED_BY_GUNICORN.values(), ids=UNUSED_BY_GUNICORN)
def test_a_gunicorn_without_a_name_serves_in_its_own_way_and_one_line_says_so(
    tmp_path: Path, change: str
) -> None:
    changed = f"from gunicorn.http import body, message, unreader\n{change}\n"
    with running(tmp_path, conf=changed + CONF, LLMSIM_WORKERS="3") as server:
        for _ in range(3):
            body = request_to("chat")
            answer = httpx.post(f"{server.base_url}/chat/completions", json=body, timeout=PATIENCE)
            assert answer.status_code == 200
        assert server.log().count(WARNING) == 1
        server.wait_for_log(r"(?s)(forked a GeventWorker\n.*){3}")


def chosen(monkeypatch: pytest.MonkeyPatch) -> tuple[type, list[str]]:
    """The worker class, and what the log says of it; then every change is undone."""
    warnings: list[str] = []
    log = SimpleNamespace(warning=lambda words, *values: warnings.append(words % values))
    found = ours(GeventWorker, log)
    monkeypatch.undo()
    return found, warnings


def test_this_gunicorn_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert chosen(monkeypatch) == (FastWorker, [])


NAMES = [
    (http, "RequestParser"),
    (parser.Parser, "finish_body"),
    (unreader.SocketUnreader, "chunk"),
    (unreader.Unreader, "take_buffered"),
    (unreader.Unreader, "unread"),
    (wsgi, "WSGIErrorsWrapper"),
    (wsgi, "_make_early_hints_callback"),
    (wsgi.Response, "process_headers"),
    (wsgi.Response, "should_close"),
    (wsgi.Response, "write"),
    (util, "http_date"),
    (util, "is_hoppish"),
]


@for_each(("owner", "name"), NAMES)
def test_a_gunicorn_without_one_of_the_names_is_left_to_itself(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_write._date.cache_clear()
    monkeypatch.delattr(owner, name)
    assert_left_to_itself(monkeypatch)


SET_BODY_READER = message.Request.set_body_reader
ENVIRON, DEFAULT_HEADERS = wsgi.base_environ, wsgi.Response.default_headers


def in_request(self: Any) -> None:
    SET_BODY_READER(self)
    self.found_out_later = []


def in_environ(cfg: Any) -> dict[str, Any]:
    return {**ENVIRON(cfg), "gunicorn.new": {}}


def in_answer(self: Any) -> list[str]:
    return [*DEFAULT_HEADERS(self), "Via: gunicorn\r\n"]


CHANGES = {
    "a request has more that it could change": (message.Request, "set_body_reader", in_request),
    "its variables have": (wsgi, "base_environ", in_environ),
    "an answer has another header": (wsgi.Response, "default_headers", in_answer),
    "what makes both is called otherwise": (wsgi, "create", lambda one: one),
}


@for_each(("owner", "name", "changed"), CHANGES)
def test_a_gunicorn_that_does_otherwise_is_left_to_itself(
    owner: Any, name: str, changed: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, changed)
    assert_left_to_itself(monkeypatch)


def assert_left_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    found, warnings = chosen(monkeypatch)
    assert found is GeventWorker
    (warning,) = warnings
    assert warning.startswith(WARNING)
