"""What llmsim serves beside a bare WSGI application on gunicorn's own gevent worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from tests.benchmarks.benchmark import (
    Benchmark,
    Conclusion,
    Sample,
    Samples,
    Variant,
    median_ratio,
)
from tests.benchmarks.programs import WRK
from tests.benchmarks.prompts import KILOBYTES, growing
from tests.benchmarks.requests import CHAT, MESSAGES, RESPONSES, hello, tiny
from tests.benchmarks.servers import (
    ask,
    ask_bare,
    bare_server,
    folder,
    llmsim_server,
    with_cpu,
)
from tests.benchmarks.streams import CHUNKS, long_script
from tests.benchmarks.system_prompts import bodies
from tests.benchmarks.wrk import TRACED
from tests.running import Server

BARE, CHAT_PLAIN, MANY = "bare WSGI", "plain chat", "plain chat, 256 connections"
LONG, PROMPT = f"stream of {CHUNKS} chunks", f"prompt of {KILOBYTES} KB that grows"
SYSTEM = "the same system prompt of 40 KB"
NEW_HEADS, NEW_HEADS_GUNICORN = "heads that never repeat", "the same on gunicorn's own worker"
# What should be left of bare's rate, and of that of plain chat.
_OVER_BARE = {
    CHAT_PLAIN: 1.2,
    "plain Responses": 1.1,
    "plain Messages": 1.1,
    "short stream": 1.0,
    LONG: 0.65,
    PROMPT: 0.4,
}
_OVER_PLAIN = {MANY: 0.9, SYSTEM: 0.6}
_MOST_CPU = 0.8


class FastWorker(Benchmark):
    """See the module."""

    name = "fast_worker"
    help = "requests per second beside a bare WSGI application on gunicorn's own gevent worker"

    @contextmanager
    def variants(self) -> Iterator[Sequence[Variant]]:
        WRK.check()
        with folder() as place, ExitStack() as stack:
            start = stack.enter_context
            bare, llmsim = start(bare_server(place)), start(llmsim_server(place, hello(place)))
            long = start(llmsim_server(place, long_script(place)))
            theirs = start(llmsim_server(place, hello(place), GUNICORN_CMD_ARGS="-k gevent"))
            plain = partial(ask, llmsim, CHAT, tiny())
            asked: dict[str, tuple[Server, Callable[[float], Sample]]] = {
                BARE: (bare, partial(ask_bare, bare)),
                CHAT_PLAIN: (llmsim, plain),
                "plain Responses": (llmsim, partial(ask, llmsim, RESPONSES, tiny(RESPONSES))),
                "plain Messages": (llmsim, partial(ask, llmsim, MESSAGES, tiny(MESSAGES))),
                "short stream": (llmsim, partial(ask, llmsim, CHAT, tiny(stream=True))),
                LONG: (long, partial(ask, long, CHAT, tiny(stream=True))),
                PROMPT: (llmsim, partial(ask, llmsim, CHAT, growing())),
                SYSTEM: (llmsim, partial(ask, llmsim, CHAT, bodies(40_000, 1))),
                MANY: (llmsim, partial(plain, connections=256)),
                NEW_HEADS: (llmsim, partial(plain, sessions=TRACED)),
                NEW_HEADS_GUNICORN: (theirs, partial(ask, theirs, CHAT, tiny(), sessions=TRACED)),
            }
            yield [
                Variant(name, partial(with_cpu, server, run))
                for name, (server, run) in asked.items()
            ]

    def conclude(self, samples: Samples) -> list[Conclusion]:
        def over(upper: str, lower: str, least: float) -> Conclusion:
            ratio = median_ratio(samples[upper], samples[lower], "requests/s")
            return Conclusion(f"requests/s, {upper} over {lower}", ratio, least=least)

        cpu = median_ratio(samples[CHAT_PLAIN], samples[BARE], "CPU us")
        return [
            *(over(name, BARE, least) for name, least in _OVER_BARE.items()),
            *(over(name, CHAT_PLAIN, least) for name, least in _OVER_PLAIN.items()),
            over(NEW_HEADS, NEW_HEADS_GUNICORN, 1),
            Conclusion(f"processor time, {CHAT_PLAIN} over {BARE}", cpu, most=_MOST_CPU),
        ]
