"""Collects what there is to say about one request, and writes its entry when the answer ends."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from hashlib import blake2b
from typing import Any

from llmsim.apis.protocol import Violation
from llmsim.apis.renderer import Call
from llmsim.conversation import Request
from llmsim.delivery import Hold, Leaving
from llmsim.errors import StoreError, StoreUnreachableError
from llmsim.journal.entry import (
    FULL,
    NOTHING,
    OFF,
    JsonBody,
    failed,
    kept_headers,
    sent_text,
    served,
    unmet,
)
from llmsim.journal.keeping import Keeping
from llmsim.journal.line import End, line, short_line
from llmsim.made_ids import generation_mark
from llmsim.playback import Taken
from llmsim.playback.findings import Finding
from llmsim.reply import Failure, Reply
from llmsim.script.gate import Gate
from llmsim.serving.counted import Count
from llmsim.serving.delivered import Timing, delivered
from llmsim.serving.ending import Ending, handed_on
from llmsim.serving.peer import has_hung_up
from llmsim.serving.rendering import Answer, worker
from llmsim.serving.session import key_of, session_kind
from llmsim.serving.standing_facts import BY_NONE, standing_facts
from llmsim.store.base import Store
from llmsim.store.gates import Waiter

_MOST_VIOLATIONS = 20  # that an entry lists: one cut may break every pair of a long history
_COUNT = re.compile("[0-9]{1,9}")


class Record:
    """The facts of one request, as much of them as the journal's mode asks for."""

    def __init__(
        self, keeping: Keeping, environ: Mapping[str, Any], session: str, api: str
    ) -> None:
        self.count = Count(api, session_kind(session, environ))
        self._mode, self._body_limit, self._protocol = keeping
        self._kept_in = 0
        self._keep_again: Callable[[int], Keeping] | None = None
        self._unread: bytes | None = None
        self._body: JsonBody | None = None
        self._sent = NOTHING
        self._generation = 0
        self._status = 0
        self._is_short = False
        self._may_be_written = False
        self._store: Store
        self.environ = environ
        self.session = session
        retry_count = environ.get("HTTP_X_STAINLESS_RETRY_COUNT", "")
        self._facts: dict[str, Any] = {
            # First: readers tell by it which entries are of which generation.
            "generation": None,
            "time": round(time.time(), 6),
            "session": session,
            "position": None,
            "turn": None,
            "script": None,
            "track": None,
            "api": api,
            "method": environ.get("REQUEST_METHOD", ""),
            "path": environ.get("PATH_INFO", ""),
            "stream": False,
            "retry_count": int(retry_count) if _COUNT.fullmatch(retry_count) else None,
        }
        # What may be long stands behind the rest of a line: see `journal.line.head_of`.
        self._long: dict[str, Any] = {"request_headers": kept_headers(environ)}

    def keeps(self, generation: int, again: Callable[[int], Keeping]) -> None:
        """What is kept holds for that generation. `again` says it for another.

        A session that was made anew may have other options: what was said not to be kept is not.
        """
        self._kept_in, self._keep_again = generation, again

    def sent(self, body: bytes) -> None:
        """What the client sent, whatever it is."""
        self._facts["request_bytes"] = len(body)
        self._unread = body

    def understood(self, body: JsonBody) -> None:
        """The body, found to be JSON: then a credential in it can be told from the rest."""
        self._unread = None
        if self._mode == FULL:
            self._sent = body.sent(self._body_limit)
        else:
            self._body = body

    def request(self, call: Call, body: Mapping[str, Any]) -> Request:
        """What was asked, in neutral words; `call` is what the API read in the body."""
        facts = self._facts
        return Request(
            call.conversation,
            facts["api"],
            call.model,
            call.stream,
            self.session,
            facts["retry_count"] or 0,
            self._long["request_headers"],
            body,
        )

    def took(self, taken: Taken, conversation: str | None, *, stream: bool) -> None:
        """The position that the request took, its turn, and where its conversation stood."""
        self._generation = taken.claim.generation
        self._keep_as_in(self._generation)
        self._body = None
        if taken.unmet:
            self._facts["unmet"] = [unmet(difference) for difference in taken.unmet]
        self._facts |= {
            "position": taken.claim.position,
            "turn": taken.turn_index,
            "script": taken.line.script,
            "track": taken.line.name,
            "stream": stream,
            **standing_facts(taken, conversation),
        }
        if isinstance(taken.outcome, Reply) and taken.outcome.not_found:
            self._facts["values_not_found"] = list(taken.outcome.not_found)

    def caller(self) -> bytes:
        """Who asks, by the API key: a digest of it."""
        return blake2b(key_of(self.environ).encode(), digest_size=16).digest()

    def withheld(self, reason: str) -> None:
        """Why the request took no turn, though it was a good one."""
        self._facts["reason"] = reason

    def protocol_in(self, generation: int) -> str | None:
        """What the session says of the protocol check in that generation."""
        self._keep_as_in(generation)
        return self._protocol

    @property
    def is_kept(self) -> bool:
        """Whether the request gets an entry."""
        return self._mode != OFF

    def found(self, findings: Sequence[Finding]) -> None:
        """What was found at the request and its answer."""
        if findings:
            self.count.found(findings)
            self._facts["findings"] = [finding._asdict() for finding in findings]

    def violated(self, found: Sequence[Violation]) -> None:
        """What the real API would refuse of the request. Every violation comes by here once."""
        if found:
            self.count.violated(found)
            told = [asdict(violation) for violation in found[:_MOST_VIOLATIONS]]
            self._facts["violations"] = told

    def answer(self, answer: Answer, outcome: Reply | Failure | None) -> None:
        """What goes out; `outcome` is None for what is neither a turn nor an error."""
        self._status = answer.status
        self.count.status = answer.status
        self._facts["worker"] = worker()
        if isinstance(outcome, Failure):
            self._facts["answer"] = failed(outcome, answer.headers)
        elif outcome is not None and self._mode == FULL:
            self._long["answer"] = served(outcome)

    def written(self, parts: Iterable[bytes], store: Store) -> Iterable[bytes]:
        """The parts of the answer's body.

        The entry is written before the last one is handed on. The session is made, if it is not
        there.
        """
        self._store = store
        if self._mode == OFF:
            self._generation = self._generation or _generation_of(store, self.session)
            self._keep_as_in(self._generation)
        ending = Ending(None if self._mode == OFF else self, self.environ, self.count)
        if isinstance(parts, Leaving):
            self.count.faulty(parts.fault)
            timing = Timing(self.count, is_paced=parts.is_paced)
            self._facts |= timing.facts(parts.fault)
            return delivered(parts, ending, timing, self._hold(parts.gate))
        if self._mode == OFF and not self.count.is_stream:
            self.count.done()
            return parts
        return handed_on(parts, ending)

    def _hold(self, gate: Gate | None) -> Callable[[], float]:
        """What waits at the gate of the answer; the entry says of it."""
        if gate is None:
            return lambda: 0.0
        who = Waiter(self.session, self._facts["position"], worker(), 0, 0)
        hold = Hold(gate, who, self._generation, lambda: has_hung_up(self.environ))
        self._facts["gate"] = hold.facts
        return lambda: hold.wait(self._store)

    def _keep_as_in(self, generation: int) -> None:
        """The request is of that generation: what is kept of it is what that one says."""
        if generation == self._kept_in or self._keep_again is None:
            return
        self._kept_in = generation
        with suppress(StoreError):  # then there will be no entry either
            self._mode, self._body_limit, self._protocol = self._keep_again(generation)
        if self._mode == FULL and self._body is not None:
            self._sent = self._body.sent(self._body_limit)

    def append(self, outcome: str, size: int, chunks: int) -> Any:
        """Write the entry; without bodies where there is no room for more.

        Never again where nobody knows whether it was written: it would be there twice.
        """
        if self._may_be_written:
            return None
        store = self._store
        generation = self._generation or _generation_of(store, self.session)
        if generation:
            self._keep_as_in(generation)
        if not generation or self._mode == OFF:
            return None
        self._facts["generation"] = generation_mark(generation)
        if self._facts["position"] is None:
            self._facts |= BY_NONE
        end = self._end(outcome, size, chunks)
        try:
            receipt = store.append(self.session, generation, self._line(end))
            if receipt is None:
                self._is_short = True
                entry = short_line(self._facts, end)
                receipt = store.append(self.session, generation, entry, spare=True)
        except StoreUnreachableError:
            self._may_be_written = True
            return None
        return receipt

    def amend(self, receipt: Any, outcome: str, size: int, chunks: int) -> None:
        """Write another end of the entry."""
        end = self._end(outcome, size, chunks)
        self._store.amend(receipt, end.text(short=self._is_short))

    def _line(self, end: End) -> bytes:
        if self._mode != FULL:
            return line(self._facts | self._long, None, end)
        sent = self._sent
        if self._unread is not None:
            sent = sent_text(self._unread, self._body_limit)
        self._long["request_truncated"] = sent.truncated
        if sent.text is not None:
            self._long["request_text"] = sent.text
        return line(self._facts | self._long, sent.body or b"null", end)

    def _end(self, outcome: str, size: int, chunks: int) -> End:
        duration_ms = (time.perf_counter() - self.count.started) * 1000
        return End(self._status, outcome, size, chunks, duration_ms)


def _generation_of(store: Store, session: str) -> int:
    """The generation in which a request took no turn.

    It makes its session, as any other; 0 where there is no room for one.
    """
    try:
        found = store.session(session) or store.create(session) or store.session(session)
    except StoreError:
        return 0
    return found.generation if found else 0
