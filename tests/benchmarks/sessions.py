"""What a claim and a request cost in a table with one session, and with 60,000.

Both tables have the same size.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path

from llmsim.store.mmap_store import MmapStore
from tests.benchmarks import wrk
from tests.benchmarks.benchmark import Benchmark, Conclusion, Sample, Samples, Variant, median_ratio
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, hello, tiny
from tests.benchmarks.servers import CONNECTIONS, folder, llmsim_server
from tests.running import Server

MANY = 60_000
_CLAIMS_AT_ONCE = 1_000
_ONE, _ALL, _ONE_OF_MANY = "1 session", f"{MANY:,} sessions in turn", f"1 of {MANY:,} sessions"


class Sessions(Benchmark):
    """See the module. Each session has a journal of its own."""

    name = "sessions"
    help = f"claims by one process and chat requests per second, with 1 and with {MANY:,} sessions"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with folder() as place, ExitStack() as stack:
            one, many = filled(place / "one", 1), filled(place / "many", MANY)
            small, large = (
                stack.enter_context(
                    llmsim_server(
                        place, hello(place), LLMSIM_STATE_DIR=str(filled(place / name, sessions))
                    )
                )
                for name, sessions in (("small", 1), ("large", MANY))
            )
            claims = ((_ONE, one, 1), (_ONE_OF_MANY, many, 1), (_ALL, many, MANY))
            requests = ((_ONE, small, 1), (_ONE_OF_MANY, large, 1), (_ALL, large, MANY))
            yield [
                *(
                    Variant(f"claims, {name}", partial(measure_claims, state, sessions))
                    for name, state, sessions in claims
                ),
                *(
                    Variant(f"requests, {name}", partial(measure_requests, server, sessions))
                    for name, server, sessions in requests
                ),
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        def ratio(kind: str, name: str) -> float:
            return median_ratio(
                samples[f"{kind}, {name}"], samples[f"{kind}, {_ONE}"], "per second"
            )

        places = [(kind, name) for kind in ("claims", "requests") for name in (_ONE_OF_MANY, _ALL)]
        return [
            Conclusion(f"{kind}/s, {name}, over {_ONE}", ratio(kind, name), least=0.9)
            for kind, name in places
        ]


def filled(directory: Path, sessions: int) -> Path:
    """A state directory with so many sessions in a table of the default size.

    Each of them has been asked before.
    """
    directory.mkdir(mode=0o700)
    store = MmapStore.create_in(directory)
    store.publish(b'{"turns":[{"type":"assistant","text":"x"}]}')
    for number in range(sessions):
        generation = store.claim(wrk.session(number)).generation
        store.append(wrk.session(number), generation, b"{}")
    return directory


def measure_claims(directory: Path, sessions: int, seconds: float) -> Sample:
    """Claim in each of so many sessions in turn."""
    store, names, clock = (
        MmapStore(directory),
        cycle([wrk.session(number) for number in range(sessions)]),
        time.perf_counter,
    )
    claims, start = 0, clock()
    while (elapsed := clock() - start) < seconds:
        for _ in range(_CLAIMS_AT_ONCE):
            store.claim(next(names))
        claims += _CLAIMS_AT_ONCE
    store.detach()
    return {"per second": claims / elapsed, "mean us": elapsed / claims * 1e6}


def measure_requests(server: Server, sessions: int, seconds: float) -> Sample:
    """Ask in each of so many sessions in turn.

    The mean is of what a request takes of the whole server.
    """
    per_second = wrk.post(server.origin + CHAT, tiny(), CONNECTIONS, seconds, sessions)[
        "requests/s"
    ]
    return {"per second": per_second, "mean us": 1e6 / per_second}
