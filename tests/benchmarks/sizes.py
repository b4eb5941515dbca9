"""What a request costs where the script is long, or the journal is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from llmsim.store.base import DEFAULT_SESSION
from llmsim.store.mmap_store import MmapStore
from tests.benchmarks import wrk
from tests.benchmarks.benchmark import Benchmark, Conclusion, Samples, Variant, median_ratio
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, HELLO, tiny
from tests.benchmarks.servers import CONNECTIONS, folder, llmsim_server
from tests.running import Server, write_script

TURNS, ENTRIES = 100_000, 1_000_000
_SMALL = "10 turns, empty journal"
_LARGE = (f"{TURNS:,} turns", f"journal of {ENTRIES:,} entries")
_ENTRY = b'{"filling":"%b"}' % b"".ljust(560, b"x")


class Sizes(Benchmark):
    """See the module. The journals are not emptied between measurements."""

    name = "sizes"
    help = (
        f"plain chat requests per second with a script of {TURNS:,} turns, and with {ENTRIES:,} "
        "entries in the journal"
    )

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with folder() as place:
            short = write_script(place / "short.json", *[HELLO] * 10, on_exhausted="loop")
            long = write_script(place / "long.json", *[HELLO] * TURNS, on_exhausted="loop")
            full = place / "full"
            with (
                llmsim_server(place, short) as small,
                llmsim_server(place, long) as long_script,
                llmsim_server(place, short, LLMSIM_STATE_DIR=str(full)) as long_journal,
            ):
                _fill(full)
                servers = dict(
                    zip((_SMALL, *_LARGE), (small, long_script, long_journal), strict=True)
                )
                yield [Variant(name, partial(_ask, server)) for name, server in servers.items()]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        ratios = {
            name: median_ratio(samples[name], samples[_SMALL], "requests/s") for name in _LARGE
        }
        return [
            Conclusion(f"requests/s, {name}, over {_SMALL}", ratio, least=0.9)
            for name, ratio in ratios.items()
        ]


def _ask(server: Server, seconds: float) -> dict[str, float]:
    return dict(wrk.post(server.origin + CHAT, tiny(), CONNECTIONS, seconds))


def _fill(state: Path) -> None:
    """Write entries of a usual size into the journal of the default session."""
    store = MmapStore(state, journal_bytes=2**40)
    generation = store.claim(DEFAULT_SESSION).generation
    for _ in range(ENTRIES):
        store.append(DEFAULT_SESSION, generation, _ENTRY)
    store.detach()
