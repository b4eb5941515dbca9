"""What it takes to list, reset and delete 5,000 sessions, and how long others wait meanwhile.

As after a load test: each session has a script of its own and an entry for each of its turns. The
server has one worker, so the others are served by the one that is busy.
"""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from llmsim import Script
from llmsim.journal.line import End, line
from llmsim.store.mmap_store import MmapStore
from tests.benchmarks.benchmark import (
    Benchmark,
    BenchmarkError,
    Conclusion,
    Sample,
    Samples,
    Variant,
    median,
)
from tests.benchmarks.requests import CHAT, hello, tiny
from tests.benchmarks.servers import folder, llmsim_server
from tests.running import numbered

SESSIONS = 5_000
TURNS = 20
_BODY = json.dumps({"model": "llmsim", "pad": "x" * 1_500}).encode()
_PAUSE = 0.005  # seconds between requests: what is measured is how long each waits
_OPERATIONS = {
    "list": ("GET", f"/llmsim/sessions?prefix=agent-&state=exhausted&limit={2 * SESSIONS}"),
    "reset": ("POST", "/llmsim/reset"),
    "delete": ("DELETE", "/llmsim/sessions?prefix=agent-"),
}


class Many(Benchmark):
    """See the module. How many seconds are to be measured changes nothing here."""

    name = "many"
    help = f"seconds to list, reset and delete {SESSIONS:,} sessions, and the wait of others in ms"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        with folder() as place:
            yield [Variant(name, partial(measure, place, name)) for name in _OPERATIONS]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        return [
            *(
                Conclusion(f"seconds to {name} them", median(own, "seconds"), most=1)
                for name, own in samples.items()
            ),
            *(
                Conclusion(f"the longest wait, {name}, ms", median(own, "most ms"), most=50)
                for name, own in samples.items()
            ),
        ]


def measure(place: Path, name: str, _: float) -> Sample:
    """Do it once, on a server that has just started, and ask small requests all the while."""
    with TemporaryDirectory(dir=place) as state:
        fill(Path(state))
        variables = {"LLMSIM_STATE_DIR": state, "LLMSIM_WORKERS": "1"}
        with llmsim_server(place, hello(place), **variables) as server:
            host = urlsplit(server.origin).netloc
            _ask(host, "POST", CHAT, tiny()[0])
            taken: list[float] = []
            doing = threading.Thread(target=lambda: taken.append(_do(host, name)))
            doing.start()
            waits = []
            while doing.is_alive():
                started = time.perf_counter()
                _ask(host, "POST", CHAT, tiny()[0])
                waits.append((time.perf_counter() - started) * 1000)
                time.sleep(_PAUSE)
            doing.join()
    if not taken:
        raise BenchmarkError(f"the sessions could not be asked to {name}")
    return {"seconds": taken[0], "p50 ms": statistics.median(waits), "most ms": max(waits)}


def fill(directory: Path) -> None:
    """Sessions that took every turn of their script."""
    store = MmapStore.create_in(directory)
    script = Script.from_spec({"turns": numbered(TURNS)}).canonical()
    end = End(200, "completed", 500, 1, 1.5)
    for number in range(SESSIONS):
        session = f"agent-{number}"
        generation = store.put_script(session, script).generation
        for position in range(TURNS):
            store.claim(session)
            facts = {"generation": f"{generation:016x}", "time": 1.5, "position": position}
            store.append(session, generation, line(facts, _BODY, end))
    store.detach()


def _do(host: str, name: str) -> float:
    """Seconds that it takes."""
    started = time.perf_counter()
    found = _ask(host, *_OPERATIONS[name])
    seconds = time.perf_counter() - started
    count = len(found["sessions"]) if name == "list" else found["sessions"]
    if count < SESSIONS:
        raise BenchmarkError(f"{count} sessions instead of {SESSIONS}")
    return seconds


def _ask(host: str, method: str, path: str, body: str | None = None) -> Any:
    connection = http.client.HTTPConnection(host, timeout=60)
    connection.request(method, path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse().read()
    connection.close()
    return json.loads(answer)
