"""Writes all goldens anew.

`python -m tests.wire.regenerate`, then read the difference before you commit it.
"""

from __future__ import annotations

from tests.wire.cases import CASES, GOLDENS


def main() -> None:
    for stale in GOLDENS.glob("*/*"):
        stale.unlink()
    for case in CASES:
        case.path.parent.mkdir(parents=True, exist_ok=True)
        case.path.write_bytes(case.rendered())
    print(f"{len(CASES)} goldens written to {GOLDENS}")


if __name__ == "__main__":
    main()
