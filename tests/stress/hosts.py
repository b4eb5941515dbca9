"""Three servers ("hosts") that share a Redis, behind a real nginx that sends to them in turn."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import psutil

from llmsim.settings import WORKER_CLASSES
from tests.redis_server import RedisServer, free_port, needs
from tests.running import PATIENCE, Server
from tests.stress.servers import stressed_server

DURABLE = ("--appendonly", "yes", "--appendfsync", "always")

_NGINX = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_buffer_size 1m;  # what is larger goes into files, which its workers may not write
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream hosts {{
{servers}
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://hosts;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_buffering off;
      proxy_read_timeout 300s;
    }}
  }}
}}
"""


@dataclass
class Hosts:
    """What a client reaches at `origin`, and what stands behind it."""

    origin: str
    redis: RedisServer
    servers: list[Server]

    @property
    def base_url(self) -> str:
        """See `Server.base_url`."""
        return f"{self.origin}/openai/v1"

    def log(self) -> str:
        """What all of them have printed."""
        return "\n".join(server.log() for server in self.servers)

    def worker_pids(self) -> list[int]:
        """The workers of all of them."""
        return [pid for server in self.servers for pid in server.worker_pids()]

    def reload(self) -> None:
        """Let each reload, one after the other."""
        for server in self.servers:
            server.reload()

    def kill(self, number: int) -> None:
        """End a whole host at once, its workers too."""
        server = self.servers[number].process
        processes = [psutil.Process(server.pid), *psutil.Process(server.pid).children()]
        for process in processes:
            process.kill()
        server.wait()


Served = Server | Hosts

HOSTS = {"three hosts": WORKER_CLASSES, "three gevent hosts": ("gevent", "gevent", "gevent")}
"""The worker class of each. A sync worker has no room for a second request that waits."""


def started(
    where: str, tmp_path: Path, script: Path | None, **settings: str
) -> AbstractContextManager[Served]:
    """The `HOSTS` of that name, or one host with four workers of that class."""
    if where in HOSTS:
        return three_hosts(tmp_path, script, classes=HOSTS[where], **settings)
    return stressed_server(tmp_path, script, where, **settings)


@contextmanager
def three_hosts(
    tmp_path: Path,
    script: Path | None,
    *redis_arguments: str,
    classes: Sequence[str] = WORKER_CLASSES,
    **settings: str,
) -> Iterator[Hosts]:
    """Two workers on each host, of a class of its own. They end with the block."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="redis-")))
        redis = stack.enter_context(RedisServer(folder, *redis_arguments))
        servers = []
        for number, worker_class in enumerate(classes):
            own = tmp_path / f"host-{number}"
            own.mkdir()
            all_settings = {
                "LLMSIM_STORE": redis.url,
                "LLMSIM_STORE_TIMEOUT": str(PATIENCE),
                "LLMSIM_STORE_CONNECT_TIMEOUT": str(PATIENCE),
                "LLMSIM_WORKERS": "2",
                "LLMSIM_WORKER_CLASS": worker_class,
                **settings,
            }
            servers.append(stack.enter_context(Server(own, script, **all_settings)))
        origin = stack.enter_context(nginx(tmp_path, [server.origin for server in servers]))
        yield Hosts(origin, redis, servers)


@contextmanager
def nginx(folder: Path, origins: Sequence[str]) -> Iterator[str]:
    """An nginx before these origins, for as long as the block lasts; its own origin."""
    port = free_port()
    servers = "\n".join(
        f"    server {origin.removeprefix('http://')} max_fails=0;" for origin in origins
    )
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=folder, port=port, servers=servers))
    command = [needs("nginx", "nginx"), "-p", str(folder), "-c", str(configuration)]
    process = subprocess.Popen(
        [*command, "-e", str(folder / "nginx.log")], stdin=subprocess.DEVNULL
    )
    try:
        origin = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + PATIENCE
        while not _answers(origin):
            assert process.poll() is None, (folder / "nginx.log").read_text()
            assert time.monotonic() < deadline, "nginx does not start"
            time.sleep(0.02)
        yield origin
    finally:
        process.terminate()
        process.wait()


def _answers(origin: str) -> bool:
    try:
        return httpx.get(origin, timeout=PATIENCE).status_code == 200
    except httpx.TransportError:
        return False
