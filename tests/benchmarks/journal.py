"""What the journal costs: plain chat completions over HTTP with each of its modes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks import wrk
from tests.benchmarks.benchmark import Benchmark, BenchmarkError, Conclusion, Sample, Samples, Variant, median_ratio
from tests.benchmarks.chat import CONNECTIONS, PROMPT, WORKERS
from tests.benchmarks.servers import rewind
from tests.serving import Server, text, write_script

MODES = ("off", "meta", "full")


class Journal(Benchmark):
    """See the module."""

    name = "journal"
    help = f"plain chat requests per second by the journal's mode ({CONNECTIONS} connections, {WORKERS} workers)"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        wrk.check()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llmsim-benchmark-")))
            script = write_script(folder / "script.json", text("Hello! How can I help you today?"))
            servers = {mode: stack.enter_context(Server(folder, script, LLMSIM_WORKERS=WORKERS, LLMSIM_JOURNAL=mode)) for mode in MODES}
            yield [Variant(mode, partial(measure, server)) for mode, server in servers.items()]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        ratios = {mode: median_ratio(samples[mode], samples["off"], "requests/s") for mode in MODES[1:]}
        return [Conclusion(f"requests/s with {mode} over those with off", ratio) for mode, ratio in ratios.items()]


def measure(server: Server, seconds: float) -> Sample:
    """Ask with an empty journal: one that is full would cost nothing."""
    rewind(server)
    sample = wrk.post(f"{server.base_url}/chat/completions", PROMPT, CONNECTIONS, seconds)
    if dropped := rewind(server):
        raise BenchmarkError(f"the journal was full, and dropped {dropped} entries: measure for a shorter time")
    return sample
