"""Plain chat completions over HTTP, beside a bare WSGI application on gunicorn's own worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from tests.benchmarks.benchmark import Benchmark, Conclusion, Samples, Variant, median_ratio
from tests.benchmarks.programs import WRK
from tests.benchmarks.requests import CHAT, hello, tiny
from tests.benchmarks.servers import (
    CONNECTIONS,
    WORKERS,
    ask,
    ask_bare,
    bare_server,
    folder,
    llmsim_server,
)


class Chat(Benchmark):
    """See the module."""

    name = "chat"
    help = (
        "plain chat requests per second beside a bare WSGI app on gunicorn's own gevent worker "
        f"({CONNECTIONS} connections, {WORKERS} workers)"
    )

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with (
            folder() as place,
            llmsim_server(place, hello(place)) as llmsim,
            bare_server(place) as bare,
        ):
            yield [
                Variant("llmsim", partial(ask, llmsim, CHAT, tiny())),
                Variant("bare WSGI", partial(ask_bare, bare)),
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        ratio = median_ratio(samples["llmsim"], samples["bare WSGI"], "requests/s")
        return [Conclusion("requests/s of llmsim over those of bare WSGI", ratio, least=1.2)]
