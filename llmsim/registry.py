"""The one wording for "there is no such name", with the choices and the nearest match."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """The choice that `name` is probably a misspelling of, or None."""
    folded = {choice.lower(): choice for choice in choices}
    found = difflib.get_close_matches(name.lower(), folded, n=1, cutoff=0.61)
    return folded[found[0]] if found else None


def unknown(what: str, name: str, choices: Iterable[str], meant: str | None = None) -> str:
    """`unknown error kind 'ratelimit'; expected one of ...; did you mean 'rate_limit'?`

    `meant` is what is probably meant, where that is known better than by its spelling.
    """
    known = list(choices)
    if not known:
        return f"unknown {what} {name!r}; expected none"
    sentence = f"unknown {what} {name!r}; expected one of {', '.join(map(repr, known))}"
    match = meant or nearest(name, known)
    return f"{sentence}; did you mean {match!r}?" if match else sentence
