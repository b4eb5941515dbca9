"""`python -m llmsim.playback.checker WHERE`: check a large script; see `checking`.

It reads standard input and writes the canonical script, the rest pickled, and that one's length.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
from typing import Any

from llmsim.errors import ScriptError
from llmsim.playback.checking import LENGTH, load


def main(where: str) -> None:
    """Check what standard input holds. The process ends here."""
    os.nice(10)  # the workers serve meanwhile
    gc.disable()  # it would look at millions of objects again and again, and all of them stay
    content = b""
    outcome: Any
    try:
        script, outcome = load(sys.stdin.buffer.read(), where)
        content = script.canonical() if script else b""
    except ScriptError as error:
        outcome = error
    pickled = pickle.dumps(outcome)
    for part in (content, pickled, len(pickled).to_bytes(LENGTH)):
        sys.stdout.buffer.write(part)
    sys.stdout.flush()
    os._exit(0)  # to free all that was made would take a second


if __name__ == "__main__":
    main(sys.argv[1])
