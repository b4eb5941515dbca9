"""The gevent worker that reads a head once, and answers in one write.

It reaches into gunicorn, so it is tried out before it serves. See `heads` and `one_write`.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from gunicorn import http
from gunicorn.config import Config
from gunicorn.http import wsgi

from llmsim.server.workers.gevent_worker import GeventWorker
from llmsim.server.workers.heads import (
    OWN_ATTRIBUTES,
    OWN_VARIABLES,
    Again,
    Heads,
    created,
    parser_of,
)

_REQUEST = (
    b"POST /a/%20?b=c HTTP/1.1\r\nHost: h:1\r\nX-A: 1\r\nx-a: 2\r\nContent-Type: text/plain\r\n"
    b"Content-Length: 4\r\nConnection: keep-alive\r\n\r\nbody"
)
# It is read by gunicorn, then again and remembered, then remembered.
_TIMES = 3
_PEER, _SERVER = ("192.0.2.1", 1), ("192.0.2.2", 2)
_SECONDS = 5


class FastWorker(GeventWorker):
    """The gevent worker that remembers heads."""

    def run(self) -> None:
        """Serve until told to stop."""
        if _may_remember(self.cfg):
            # gunicorn finds each setting by two calls, some thirty times a request.
            settings = self.cfg.settings
            self.cfg.__dict__.update({name: setting.get() for name, setting in settings.items()})
            heads = Heads()
            http.get_parser = partial(parser_of, http.get_parser, heads)
            wsgi.create = partial(created, wsgi.create, heads)
        super().run()


def _may_remember(cfg: Any) -> bool:
    """Whether all of a request is in its head: no TLS, proxy or hook of the user adds to it."""
    changes_requests = cfg.pre_request is not cfg.settings["pre_request"].default
    return not (cfg.is_ssl or cfg.proxy_protocol != "off" or changes_requests)


def try_out() -> None:
    """Serve a request as gunicorn does, and as this worker does.

    Raises:
        Exception: the two differ, or gunicorn has not what this worker uses of it.
    """
    heads = Heads()
    ours = _served(partial(parser_of, http.get_parser, heads), partial(created, wsgi.create, heads))
    theirs = _served(http.get_parser, wsgi.create)
    for number, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        if our != their | {"type": Again if number == _TIMES - 1 else their["type"]}:
            raise RuntimeError(f"this worker would serve {our} where gunicorn serves {their}")


def _served(get_parser: Callable[..., Any], create: Callable[..., Any]) -> list[dict[str, Any]]:
    """What was made of each request, and how it was answered."""
    cfg, here, there = Config(), *socket.socketpair()
    with here, there:
        for end in (here, there):
            end.settimeout(_SECONDS)
        there.sendall(_REQUEST * _TIMES)
        parser = get_parser(cfg, here, _PEER)
        return [_served_one(next(parser), create, here, there, cfg) for _ in range(_TIMES)]


def _served_one(
    request: Any, create: Callable[..., Any], here: Any, there: Any, cfg: Any
) -> dict[str, Any]:
    response, environ = create(request, here, _PEER, _SERVER, cfg)
    body = environ["wsgi.input"].read(4)
    response.start_response("200 OK", [("X-B", "1"), ("Content-Length", "6")])
    response.write(b"answer")
    response.close()
    answer = b""
    while not answer.endswith(b"answer"):
        answer += there.recv(4096)
    return {
        "type": type(request),
        "attributes": {k: v for k, v in vars(request).items() if k not in OWN_ATTRIBUTES},
        "headers": request.headers,
        "trailers": request.trailers,
        "peers": (request.peer_addr, request.remote_addr),
        "variables": {k: v for k, v in environ.items() if k not in OWN_VARIABLES},
        "own": {k: environ.get(k) for k in ("CONTENT_LENGTH", "REMOTE_PORT")},
        "body": body,
        "answer": re.sub(rb"Date: .*", b"", answer),
    }
