"""Programs that a benchmark needs, and the Debian packages that have them."""

from __future__ import annotations

import shutil
from typing import NamedTuple

from tests.benchmarks.benchmark import BenchmarkError


class Program(NamedTuple):
    """A program that is not Python's."""

    name: str
    package: str

    def is_installed(self) -> bool:
        """Whether it is on the path."""
        return shutil.which(self.name) is not None

    def check(self) -> None:
        """Refuse to start without it.

        Raises:
            BenchmarkError: it is not installed.
        """
        if not self.is_installed():
            hint = (
                f"on Debian and Ubuntu it is in the package {self.package}: apt-get install "
                f"{self.package}"
            )
            raise BenchmarkError(f"the program {self.name} is not installed; {hint}")


WRK = Program("wrk", "wrk")
H2LOAD = Program("h2load", "nghttp2-client")
REDIS = Program("redis-server", "redis-server")
NGINX = Program("nginx", "nginx")
