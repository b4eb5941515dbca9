"""Collects what there is to say about one request, and writes its entry when the answer ends."""

from __future__ import annotations

import re
import socket
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from llmsim.journal.entry import (
    CLIENT_GONE,
    COMPLETED,
    answered,
    ending,
    kept_body,
    kept_headers,
    line,
)
from llmsim.playback import Taken
from llmsim.reply import Failure, Reply
from llmsim.script.order import ARRIVAL, HISTORY
from llmsim.settings import Settings
from llmsim.store.base import Store

# Linux tells a connection's state in the first byte of `tcp_info`; to ask costs half of what an
# attempt to read does.
_TCP_INFO = getattr(socket, "TCP_INFO", None) if sys.platform == "linux" else None
_ESTABLISHED = b"\x01"
_INTERNET = (socket.AF_INET, socket.AF_INET6)
_FOREIGN_STEPS = (
    "Answers in this history are not the script's, and count as steps. If they are examples in "
    'the prompt, give the script "steps": "own".'
)
_COUNT = re.compile("[0-9]{1,9}")


class Record:
    """The facts of one request. `mode` is `full`, `meta` (no bodies and blocks) or `off`."""

    def __init__(
        self, settings: Settings, environ: Mapping[str, Any], session: str, api: str
    ) -> None:
        self._started = time.perf_counter()
        self._full = settings.journal_mode == "full"
        self._body_limit = settings.journal_body_limit_kb * 1024
        self._body: bytes | None = None
        self.environ = environ
        self.session = session
        retry_count = environ.get("HTTP_X_STAINLESS_RETRY_COUNT", "")
        self._facts: dict[str, Any] = {
            # First: readers tell by it which entries are of the current generation.
            "generation": None,
            "session": session,
            "position": None,
            "turn": None,
            "api": api,
            "method": environ.get("REQUEST_METHOD", ""),
            "path": environ.get("PATH_INFO", ""),
            "stream": False,
            "time": round(time.time(), 6),
            "retry_count": int(retry_count) if _COUNT.fullmatch(retry_count) else None,
            "request_headers": kept_headers(environ),
        }

    def sent(self, body: bytes) -> None:
        """What the client sent, whatever it is."""
        self._facts["request_bytes"] = len(body)

    def understood(self, body: bytes, value: Any) -> None:
        """The body, found to be JSON.

        Only then can a secret in it be told from the rest, and what is not secret be kept.
        """
        if self._full:
            self._body, self._facts["request_truncated"] = kept_body(body, value, self._body_limit)

    @property
    def retries(self) -> int:
        """Which retry the client says that this is; 0 where it does not say."""
        return self._facts["retry_count"] or 0

    def took(self, taken: Taken, conversation: str | None, *, stream: bool) -> None:
        """The position that the request took, its turn, and where its conversation stood."""
        self._facts |= {
            "generation": taken.marks[0],
            "position": taken.claim.position,
            "turn": taken.index,
            "stream": stream,
            **_standing_facts(taken, conversation),
        }

    def answer(self, status: int, outcome: Reply | Failure | None, worker: str) -> None:
        """What goes out; `outcome` is None for what is neither a turn nor an error."""
        self._facts |= {"status": status, "worker": worker}
        if outcome is not None and (self._full or isinstance(outcome, Failure)):
            self._facts["answer"] = answered(outcome)

    def written(self, parts: Iterable[bytes], store: Store) -> Iterator[bytes]:
        """The parts of the answer's body.

        The entry is written before the last one is handed on, and amended if it was wrong about how
        that ends.
        """
        size = chunks = 0
        receipt, outcome, ended = None, COMPLETED, False
        rest = iter(parts)
        try:
            part = next(rest, None)
            while part is not None:
                following = next(rest, None)
                if following is None:
                    outcome = CLIENT_GONE if _has_hung_up(self.environ) else COMPLETED
                    receipt = store.append(
                        self.session, self._line(outcome, size + len(part), chunks + 1)
                    )
                yield part
                size, chunks, part = size + len(part), chunks + 1, following
            ended = True
        finally:
            # A client that was gone resets the connection as it is written to; one that has only
            # said all that it will say does not.
            actual = (
                COMPLETED
                if ended and (outcome == COMPLETED or not _was_reset(self.environ))
                else CLIENT_GONE
            )
            if receipt is not None and actual != outcome:
                store.amend(receipt, ending(actual, size, chunks, self._duration_ms()))
            elif receipt is None and not ended:
                store.append(self.session, self._line(CLIENT_GONE, size, chunks))

    def _line(self, outcome: str, size: int, chunks: int) -> bytes:
        return line(self._facts, self._body, ending(outcome, size, chunks, self._duration_ms()))

    def _duration_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000


def _standing_facts(taken: Taken, conversation: str | None) -> dict[str, Any]:
    """Which order chose the turn and, by history, where the conversation stood."""
    standing = taken.standing
    if standing is None:
        return {"order": ARRIVAL, "step": None, "try": None, "conversation": None}
    facts = {
        "order": HISTORY,
        "step": standing.step,
        "try": taken.tried,
        "conversation": conversation,
    }
    if standing.foreign_steps:
        facts |= {"foreign_steps": standing.foreign_steps, "hint": _FOREIGN_STEPS}
    if standing.mark and standing.mark.generation not in ("", taken.marks[0][:6]):
        facts["earlier_generation"] = True
    return facts


def _has_hung_up(environ: Mapping[str, Any]) -> bool:
    """Whether the client has closed its side: it has gone, or it will say no more.

    What is written to one that has gone looks delivered.
    """
    connection = environ.get("gunicorn.socket")
    if connection is None:
        return False
    connection = getattr(
        connection, "_sock", connection
    )  # gevent's own socket would wait, and is slower
    if _TCP_INFO is not None and connection.family in _INTERNET:
        state: bytes = connection.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 1)
        return state != _ESTABLISHED
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except (BlockingIOError, ValueError):  # nothing to hear; under TLS one cannot look
        return False
    except OSError:
        return True


def _was_reset(environ: Mapping[str, Any]) -> bool:
    """Whether a client that had hung up has refused what was written to it since."""
    return bool(environ["gunicorn.socket"].getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
