"""Every setting, declared once.

Its name in the TOML file, its environment variables, type, default and help.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmsim import latency_profiles
from llmsim.address import wrong_address, wrong_url
from llmsim.session_source import wrong_sources
from llmsim.setting_value import no_name, no_names

ALLOW, REFUSE = "allow", "refuse"
REPORT, OFF = "report", "off"
CHECKS = (REPORT, REFUSE, OFF)
WORKER_CLASSES = ("gevent", "gthread", "sync")


def setting(key: str, default: Any, help_text: str, **limits: Any) -> Any:
    """A field of `Settings`.

    `limits`: `env` (variables, the last one set wins), `least`, `most`, `choices`, `wrong` (says
    what is wrong with a value, or None), and `shown` (what stands for the value in the help).
    """
    metadata = {
        "key": key,
        "help": help_text,
        "env": ("LLMSIM_" + key.partition(".")[2].upper(),),
    } | limits
    return field(default=default, metadata=metadata)


_MILLISECONDS: Mapping[str, Any] = {"least": -1, "most": 3_600_000, "shown": "MS"}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force."""

    bind: str = setting(
        "server.bind",
        "127.0.0.1:8080",
        "address to listen on; LLMSIM_HOST and LLMSIM_PORT replace one half of it",
        wrong=wrong_address,
        shown="HOST:PORT",
    )
    workers: int = setting(
        "server.workers",
        2,
        "worker processes",
        least=1,
        most=1024,
        env=("WEB_CONCURRENCY", "LLMSIM_WORKERS"),
    )
    worker_class: str = setting(
        "server.worker_class", "gevent", "gunicorn worker class", choices=WORKER_CLASSES
    )
    threads: int = setting(
        "server.threads", 64, "threads of a worker, where worker_class is gthread", least=1
    )
    preload: bool = setting(
        "server.preload",
        True,
        "load the application before the workers are forked, so that they share its memory",
    )
    watch: bool = setting(
        "server.watch",
        False,
        "read the script, or the folder of scripts, again whenever a file changes",
    )
    keepalive: int = setting(
        "server.keepalive",
        5,
        "seconds that an idle connection is kept open",
        least=0,
        shown="SECONDS",
    )
    timeout: int = setting(
        "server.timeout",
        300,
        "seconds after which a silent worker is replaced; bounds a stream under sync workers",
        least=1,
        shown="SECONDS",
    )
    graceful_timeout: int = setting(
        "server.graceful_timeout",
        30,
        "seconds that open requests get to finish when the server stops",
        least=0,
        shown="SECONDS",
    )
    max_body_mb: int = setting(
        "server.max_body_mb", 32, "largest request body, in MiB", least=1, shown="MIB"
    )
    script_path: str = setting(
        "response.script_path", "", "the script to play; empty plays the demo script"
    )
    order: str = setting(
        "response.order",
        "arrival",
        "which turn a request gets, where the script does not say: arrival or history",
        choices=("arrival", "history"),
    )
    retry_after: int = setting(
        "response.retry_after",
        0,
        "Retry-After of a 429, in whole seconds",
        least=0,
        shown="SECONDS",
    )
    seed: int = setting(
        "response.seed",
        0,
        "what all that is drawn at random follows from, where the script does not say",
    )
    max_script_mb: int = setting(
        "response.max_script_mb", 100, "largest script, in MiB", least=1, shown="MIB"
    )
    latency_profile: str = setting(
        "latency.profile",
        latency_profiles.INSTANT,
        "how long answers take, where the script does not say: a latency profile, or auto for that "
        "of the request's model",
        choices=latency_profiles.NAMES,
        env=("LLMSIM_LATENCY_PROFILE",),
    )
    ttft_mean_ms: int = setting(
        "latency.ttft_mean_ms",
        -1,
        "mean wait for the first token, in ms; -1 is the profile's",
        **_MILLISECONDS,
    )
    ttft_stddev_ms: int = setting(
        "latency.ttft_stddev_ms",
        -1,
        "its standard deviation, in ms; -1 is the profile's",
        **_MILLISECONDS,
    )
    tbt_mean_ms: int = setting(
        "latency.tbt_mean_ms",
        -1,
        "mean time between two tokens, in ms; -1 is the profile's",
        **_MILLISECONDS,
    )
    tbt_stddev_ms: int = setting(
        "latency.tbt_stddev_ms",
        -1,
        "its standard deviation, in ms; -1 is the profile's",
        **_MILLISECONDS,
    )
    ttft_per_1k_prompt_tokens_ms: int = setting(
        "latency.ttft_per_1k_prompt_tokens_ms",
        0,
        "by how much the wait for the first token grows with each 1,000 tokens of the prompt, in "
        "ms",
        most=3_600_000,
        shown="MS",
    )
    latency_scale: float = setting(
        "latency.scale",
        1.0,
        "a factor for every wait; 0.1 is ten times as fast",
        most=1000,
        env=("LLMSIM_LATENCY_SCALE",),
        shown="FACTOR",
    )
    public_url: str = setting(
        "server.public_url",
        "",
        "the URL by which clients reach this server, where a proxy stands before it",
        wrong=wrong_url,
        shown="URL",
    )
    ready_file: str = setting(
        "server.ready_file",
        "",
        "file that gets the base URLs, as JSON, once the server is ready",
        shown="FILE",
    )
    rate_limit_rate: float = setting(
        "errors.rate_limit_rate",
        0.0,
        "the share of requests that get an injected 429, where the script does not say",
        most=1,
    )
    server_error_rate: float = setting(
        "errors.server_error_rate",
        0.0,
        "the share of requests that get an injected 500, where the script does not say",
        most=1,
    )
    timeout_rate: float = setting(
        "errors.timeout_rate",
        0.0,
        "the share of requests that get an injected 504, where the script does not say",
        most=1,
    )
    requests_per_minute: int = setting(
        "limits.requests_per_minute",
        0,
        "requests that a minute allows, where the script does not say; 0 sets no limit",
        most=1_000_000,
    )
    tokens_per_minute: int = setting(
        "limits.tokens_per_minute",
        0,
        "tokens that a minute allows, where the script does not say; 0 sets no limit",
        most=60_000_000,
    )
    limits_by: str = setting(
        "limits.by",
        "session",
        "who has the limits for himself: each session, or each API key within its session",
        choices=("session", "key"),
        env=("LLMSIM_LIMITS_BY",),
    )
    models: tuple[str, ...] = setting(
        "models.available",
        ("gpt-5", "gpt-5-mini", "claude-sonnet-5", "llmsim"),
        "the models that the models routes list; a request may name any other",
        env=("LLMSIM_MODELS",),
        wrong=no_names,
        shown="NAME,NAME,...",
    )
    session_from: tuple[str, ...] = setting(
        "session.from",
        (),
        "where else a request may name its session, the first that it has: header:<name>, "
        "body:<path>, key",
        env=("LLMSIM_SESSION_FROM",),
        wrong=wrong_sources,
        shown="SOURCE,SOURCE,...",
    )
    store_url: str = setting(
        "store.url",
        "mmap",
        "where cursors and journals are: mmap is a directory on this host; redis://, rediss:// or "
        "unix:// is a server that several hosts share",
        env=("LLMSIM_STORE",),
        shown="mmap|URL",
    )
    store_prefix: str = setting(
        "store.prefix",
        "llmsim",
        "the name of this simulator among others in one Redis",
        env=("LLMSIM_STORE_PREFIX",),
        wrong=no_name,
        shown="NAME",
    )
    store_connect_timeout: int = setting(
        "store.connect_timeout",
        2,
        "seconds that a connection to Redis may take, before requests get a 503",
        env=("LLMSIM_STORE_CONNECT_TIMEOUT",),
        least=1,
        shown="SECONDS",
    )
    store_timeout: int = setting(
        "store.timeout",
        5,
        "seconds that an answer of Redis may take, before requests get a 503",
        env=("LLMSIM_STORE_TIMEOUT",),
        least=1,
        shown="SECONDS",
    )
    state_dir: str = setting(
        "store.state_dir",
        "",
        "directory that keeps the cursors over restarts; empty makes a private one for each start",
        shown="DIRECTORY",
    )
    max_sessions: int = setting(
        "store.max_sessions", 65_536, "how many sessions there may be", least=1
    )
    new_sessions: str = setting(
        "store.new_sessions",
        ALLOW,
        "what becomes of a request for a session that is not there: allow makes it, refuse is a "
        "404; the default session always is there",
        choices=(ALLOW, REFUSE),
    )
    lock_timeout: int = setting(
        "store.lock_timeout",
        10,
        "seconds that a request waits for a lock that another process holds, before it gets a 503",
        least=1,
        shown="SECONDS",
    )
    journal_mode: str = setting(
        "journal.mode",
        "full",
        "what is kept of each request: full, meta (no bodies) or off",
        choices=("full", "meta", "off"),
        env=("LLMSIM_JOURNAL",),
    )
    journal_body_limit_kb: int = setting(
        "journal.body_limit_kb",
        1024,
        "up to which size a request's body is kept whole, in KiB",
        least=0,
        env=("LLMSIM_JOURNAL_BODY_LIMIT_KB",),
        shown="KIB",
    )
    journal_max_mb: int = setting(
        "journal.max_mb",
        256,
        "what all journals may take together, in MiB",
        least=0,
        env=("LLMSIM_JOURNAL_MAX_MB",),
        shown="MIB",
    )
    protocol_check: str = setting(
        "protocol.check",
        REPORT,
        "what becomes of a request that the real API would refuse: report (its turn, and a word in "
        "the journal), refuse (the API's own 400) or off",
        choices=CHECKS,
        env=("LLMSIM_PROTOCOL",),
    )
    metrics: bool = setting(
        "metrics.enabled",
        True,
        "count requests, for /metrics and /llmsim/stats",
        env=("LLMSIM_METRICS",),
    )
    control_token: str = setting(
        "control.token",
        "",
        "the key that the control API wants; empty wants none",
        env=("LLMSIM_CONTROL_TOKEN",),
    )
    control_token_file: str = setting(
        "control.token_file",
        "",
        "file that holds the key that the control API wants",
        env=("LLMSIM_CONTROL_TOKEN_FILE",),
        shown="FILE",
    )

    @property
    def max_body_bytes(self) -> int:
        """`server.max_body_mb` in bytes."""
        return self.max_body_mb * 2**20

    @property
    def max_script_bytes(self) -> int:
        """`response.max_script_mb` in bytes."""
        return self.max_script_mb * 2**20


FIELDS = {item.metadata["key"]: item for item in dataclasses.fields(Settings)}
