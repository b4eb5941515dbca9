"""Plain chat completions over HTTP, beside a bare WSGI application on the same server: what llmsim adds to gunicorn."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks import wrk
from tests.benchmarks.benchmark import Benchmark, Conclusion, Samples, Variant, median_ratio
from tests.benchmarks.servers import bare_server
from tests.serving import Server, text, write_script

CONNECTIONS = 16
WORKERS = "2"
PROMPT = json.dumps({"model": "llmsim", "messages": [{"role": "user", "content": "Hi"}]})


class Chat(Benchmark):
    """See the module."""

    name = "chat"
    help = f"plain chat requests per second beside a bare WSGI app on the same gunicorn settings ({CONNECTIONS} connections, {WORKERS} workers)"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        wrk.check()
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="llmsim-benchmark-")))
            script = write_script(folder / "script.json", text("Hello! How can I help you today?"))
            llmsim = stack.enter_context(Server(folder, script, LLMSIM_WORKERS=WORKERS))
            bare = stack.enter_context(bare_server(folder, LLMSIM_WORKERS=WORKERS))
            yield [
                Variant(name, partial(wrk.post, f"{server.base_url}/chat/completions", PROMPT, CONNECTIONS))
                for name, server in (("llmsim", llmsim), ("bare WSGI", bare))
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        ratio = median_ratio(samples["llmsim"], samples["bare WSGI"], "requests/s")
        return [Conclusion("requests/s of llmsim over those of bare WSGI", ratio, least=0.35)]
