"""One test over many cases, where `parametrize` would make a test of each.

A test costs milliseconds whatever it does, in each process that collects it. So a sentence that
holds for dozens of cases is one test: it tries them all, and names each that fails.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest

Test = Callable[..., None]


def for_each(
    names: str | tuple[str, ...], cases: Iterable[Any] | Mapping[Any, Any]
) -> Callable[[Test], Test]:
    """As `parametrize`: the test's arguments of these names come from `cases`.

    Several names take a tuple of each case. The keys of a mapping say in a failure which case it
    is; other cases say it themselves. Put on a test twice, every combination is tried. Fixtures are
    made once for all cases, and what one case does to them the next one finds.
    """
    many = isinstance(names, tuple)
    arguments = names if isinstance(names, tuple) else (names,)
    named = cases.items() if isinstance(cases, Mapping) else ((case, case) for case in cases)
    rows = [(key, dict(zip(arguments, _row(case, many), strict=True))) for key, case in named]
    assert rows, f"no case of {names}"

    def joined(test: Test) -> Test:
        def run(**fixtures: Any) -> None:
            failed: list[BaseException] = []
            for key, row in rows:
                try:
                    test(**row, **fixtures)
                except (Exception, BaseExceptionGroup, pytest.fail.Exception) as error:
                    error.add_note(f"case: {', '.join(arguments)} = {str(key)[:300]}")
                    failed.append(error)
            if failed:
                raise BaseExceptionGroup(f"{len(failed)} of {len(rows)} cases failed", failed)

        run.__dict__.update(test.__dict__, __wrapped__=test)
        run.__name__, run.__doc__, run.__module__ = test.__name__, test.__doc__, test.__module__
        run.__signature__ = _without(arguments, inspect.signature(test))  # type: ignore[attr-defined]
        return run

    return joined


def _without(names: Iterable[str], signature: inspect.Signature) -> inspect.Signature:
    kept = [each for name, each in signature.parameters.items() if name not in names]
    return signature.replace(parameters=kept)


def _row(case: Any, many: bool) -> tuple[Any, ...]:
    return tuple(case) if many else (case,)
