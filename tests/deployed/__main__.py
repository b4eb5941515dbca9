"""`python -m tests.deployed --users 500`: the same load by hand, in any size."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from tests.deployed.service import WAYS, Load, statuses
from tests.deployed.test_deployed_agent import ERROR_BEHIND_A_CALL, EXPECTED, alike, serving


def main() -> None:
    """Print a line for each way to ask."""
    parser = argparse.ArgumentParser("python -m tests.deployed", description=__doc__)
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--at-once", type=int, default=100)
    given = parser.parse_args()
    for way in WAYS:
        with tempfile.TemporaryDirectory() as directory:
            with serving(Path(directory), ERROR_BEHIND_A_CALL) as server:
                began = time.perf_counter()
                load = Load([server.origin], given.users, alike, given.at_once)
                heard = load.run(way)
                took = time.perf_counter() - began
                counted = dict(statuses(server.origin))
            right = sum(user.said == EXPECTED for user in heard)
            print(f"{way}: {right} of {given.users} got the script in {took:.1f} s; {counted}")


if __name__ == "__main__":
    main()
