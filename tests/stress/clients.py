"""Many clients at once.

Threads that each ask again as soon as they have an answer, over every API, plain and streamed, in
any session.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from typing import Any

from llmsim.store.base import DEFAULT_SESSION
from tests.requests import ROUTE_OF, request_to
from tests.running import PATIENCE
from tests.stress.proofs import Taken
from tests.wire.frames import json_frames

CLIENTS = 32
# Then a client connects anew: the first worker that is up takes every connection that there is, and
# would keep them.
REQUESTS_A_CONNECTION = 20
_RUN_SECONDS = 120
_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What a client got, in which session and from which worker.

    `text` is None where the script was exhausted.
    """

    taken: Taken
    worker: str
    text: str | None
    session: str


@dataclass(frozen=True)
class Request:
    """One way to ask for a turn, and how its answer's text is read."""

    path: str
    body: bytes
    read: Callable[[bytes], str]
    session: str = DEFAULT_SESSION
    headers: Mapping[str, str] = field(default_factory=dict)


def _chat(body: bytes) -> str:
    return str(json.loads(body)["choices"][0]["message"]["content"])


def _chat_stream(body: bytes) -> str:
    assert body.endswith(b"data: [DONE]\n\n")
    return "".join(
        choice["delta"].get("content") or ""
        for chunk in json_frames(body)
        for choice in chunk["choices"]
    )


def _response(body: bytes) -> str:
    return _output_text(json.loads(body))


def _response_stream(body: bytes) -> str:
    last = json_frames(body)[-1]
    assert last["type"] == "response.completed"
    return _output_text(last["response"])


def _output_text(response: dict[str, Any]) -> str:
    return str(response["output"][0]["content"][0]["text"])


def _message(body: bytes) -> str:
    return str(json.loads(body)["content"][0]["text"])


def _message_stream(body: bytes) -> str:
    *events, last = json_frames(body)
    assert last["type"] == "message_stop"
    deltas = (event["delta"] for event in events if event["type"] == "content_block_delta")
    return "".join(delta["text"] for delta in deltas)


# How to read the text of each API's answer, plain and streamed.
_READERS: dict[str, tuple[Callable[[bytes], str], Callable[[bytes], str]]] = {
    "chat": (_chat, _chat_stream),
    "responses": (_response, _response_stream),
    "openresponses": (_response, _response_stream),
    "anthropic": (_message, _message_stream),
}


def _requests() -> Iterator[Request]:
    for api, route in ROUTE_OF.items():
        for stream, read in zip((False, True), _READERS[api], strict=True):
            yield Request(route, json.dumps(request_to(api, stream=stream)).encode(), read)


REQUESTS = tuple(_requests())


def requests_in(session: str) -> list[Request]:
    """Every way to ask for a turn of that session, by each way to name it.

    URL prefix, header and API key, as a client of each API sends it.
    """
    named = [replace(request, session=session) for request in REQUESTS]
    prefixed = [replace(request, path=f"/s/{session}{request.path}") for request in named]
    headers = (
        {"X-LLMSim-Session": session},
        {"Authorization": f"Bearer llmsim-{session}"},
        {"x-api-key": f"llmsim-{session}"},
    )
    return prefixed + [replace(request, headers=own) for own in headers for request in named]


class UnavailableError(http.client.HTTPException):
    """An answer that says that there is none."""


class Client:
    """A connection to wherever `origin()` says, made anew now and then and when it breaks.

    `failing` are statuses that say so much as a broken connection: the request may have been read,
    and nobody has its turn.
    """

    def __init__(
        self,
        origin: Callable[[], str],
        requests_a_connection: int = REQUESTS_A_CONNECTION,
        failing: Sequence[int] = (),
    ) -> None:
        self._origin = origin
        self._requests_a_connection = requests_a_connection
        self._failing = failing
        self._connection: http.client.HTTPConnection | None = None
        self._asked = 0

    def ask(self, request: Request) -> Answer:
        """Ask once, without a retry.

        Raises:
            ConnectionRefusedError: the request was not sent.
            OSError, http.client.HTTPException: it may have been read, and its answer is lost.
        """
        began = time.monotonic_ns()
        try:
            status, headers, body = self._exchange(request)
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        taken = Taken(
            began,
            time.monotonic_ns(),
            int(headers["X-LLMSim-Generation"], 16),
            int(headers["X-LLMSim-Position"]),
        )
        assert headers["X-LLMSim-Session"] == request.session
        if status == 500:
            assert headers["X-LLMSim-Turn"] is None
            return Answer(taken, headers["X-LLMSim-Worker"], None, request.session)
        return Answer(taken, headers["X-LLMSim-Worker"], request.read(body), request.session)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, request: Request) -> tuple[int, http.client.HTTPMessage, bytes]:
        if self._asked % self._requests_a_connection == 0:
            self.close()
        self._asked += 1
        if self._connection is None:
            connection = http.client.HTTPConnection(
                self._origin().removeprefix("http://"), timeout=PATIENCE
            )
            try:
                connection.connect()
            except OSError as error:
                raise ConnectionRefusedError(str(error)) from error
            self._connection = connection
        self._connection.request(
            "POST", request.path, request.body, {**_HEADERS, **request.headers}
        )
        response = self._connection.getresponse()
        body = response.read()
        if response.status in self._failing:
            raise UnavailableError(body)
        assert response.status in (200, 500), f"{response.status}: {body!r}"
        assert "X-LLMSim-Position" in response.headers, (
            f"{response.status} that is no turn: {body!r}"
        )
        return response.status, response.headers, body


def ask_once(origin: str, session: str | None = None) -> Answer:
    """One request on a connection of its own."""
    with closing(Client(lambda: origin)) as client:
        return client.ask(requests_in(session)[0] if session else REQUESTS[0])


class Crowd:
    """Clients that ask until they are told to stop or the script is exhausted.

    A client whose request fails asks anew: that is another request.

    With `sessions`, each client asks in one of them, and there are as many clients in each. See
    `Client` for `failing`.
    """

    def __init__(
        self,
        origin: Callable[[], str],
        clients: int = CLIENTS,
        sessions: Sequence[str] = (),
        requests_a_connection: int = REQUESTS_A_CONNECTION,
        failing: Sequence[int] = (),
    ) -> None:
        self._origin = origin
        self._failing = failing
        self._sessions = sessions
        self._requests_a_connection = requests_a_connection
        self._answers: list[list[Answer]] = [[] for _ in range(clients)]
        self._failures: list[int] = [0] * clients
        self._faults: list[BaseException] = []
        self._deadline = time.monotonic() + _RUN_SECONDS
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._guarded, args=(number,), daemon=True)
            for number in range(clients)
        ]

    @property
    def answers(self) -> list[Answer]:
        """The answers with a turn in them."""
        return [answer for own in self._answers for answer in own if answer.text is not None]

    @property
    def taken(self) -> list[Taken]:
        """The positions of `answers`."""
        return [answer.taken for answer in self.answers]

    @property
    def newest(self) -> Answer:
        """The last answer with a turn in it that came."""
        return max(self.answers, key=lambda answer: answer.taken.ended)

    @property
    def failures(self) -> int:
        """Requests that may have been read and whose answer was lost on the way."""
        return sum(self._failures)

    def failures_in(self, session: str) -> int:
        """Those of `failures` that were requests in that session."""
        return sum(self._failures[self._sessions.index(session) :: len(self._sessions)])

    def run(self) -> None:
        """Ask until the script is exhausted."""
        for thread in self._threads:
            thread.start()
        self._join()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Ask for as long as the block lasts."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            self._join()

    def add(self, answer: Answer) -> None:
        """Count in what a client outside the crowd got."""
        self._answers[0].append(answer)

    def wait_for(self, answers: int) -> None:
        """Wait until the clients have so many more answers than now."""
        goal = sum(map(len, self._answers)) + answers
        while sum(map(len, self._answers)) < goal:
            assert not self._faults, self._faults
            assert time.monotonic() < self._deadline, "the clients are starved"
            time.sleep(0.005)

    def _join(self) -> None:
        for thread in self._threads:
            thread.join(_RUN_SECONDS + PATIENCE)
        if self._faults:
            raise self._faults[0]
        assert not any(thread.is_alive() for thread in self._threads)

    def _guarded(self, number: int) -> None:
        try:
            self._work(number)
        except BaseException as fault:
            self._faults.append(fault)
            self._stop.set()

    def _work(self, number: int) -> None:
        client = Client(self._origin, self._requests_a_connection, self._failing)
        requests = (
            requests_in(self._sessions[number % len(self._sessions)])
            if self._sessions
            else REQUESTS
        )
        for request in islice(cycle(requests), number % len(requests), None):
            if self._stop.is_set():
                break
            assert time.monotonic() < self._deadline, "the script was not exhausted in time"
            if self._ask(client, number, request):
                break
        client.close()

    def _ask(self, client: Client, number: int, request: Request) -> bool:
        """Ask once and keep what comes; true when the script is exhausted."""
        try:
            answer = client.ask(request)
        except ConnectionRefusedError:
            time.sleep(0.05)  # what is to answer is about to start, on the same processor
            return False
        except (OSError, http.client.HTTPException):
            self._failures[number] += 1
            time.sleep(0.01)  # where all fail at once, to ask again at once is all that is done
            return False
        self._answers[number].append(answer)
        return answer.text is None


def assert_texts_are_positions(answers: list[Answer], turns: int) -> None:
    """Each text is that of its position, in a loop over so many numbered turns."""
    wrong = [answer for answer in answers if answer.text != str(answer.taken.position % turns)]
    assert not wrong, f"{len(wrong)} texts are not their positions, such as {wrong[:3]}"
