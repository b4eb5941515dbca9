"""Results for people (a table) and for programs (JSON)."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from tests.benchmarks.benchmark import Conclusion, Sample, Samples

_PACKAGES = ("gunicorn", "gevent", "filelock", "flask")


@dataclass(frozen=True)
class Result:
    """What a benchmark measured."""

    name: str
    help: str
    samples: Samples
    conclusions: Sequence[Conclusion]


def table(result: Result) -> str:
    """The medians and, in brackets, the least and the most of all rounds.

    Below them the conclusions.
    """
    samples = result.samples
    rounds = len(next(iter(samples.values())))
    measures = list(next(iter(samples.values()))[0])
    rows = [
        ["", *measures],
        *(
            [name, *(_spread(own, measure) for measure in measures)]
            for name, own in samples.items()
        ),
    ]
    lines = [
        f"{result.name}: {result.help}",
        f"medians of {rounds} interleaved rounds [least .. most]",
        *_aligned(rows),
    ]
    return "\n".join([*lines, *map(_sentence, result.conclusions)])


def document(results: Sequence[Result]) -> dict[str, Any]:
    """All samples and conclusions, with the machine that they were measured on."""
    return {
        "machine": _machine(),
        "benchmarks": {result.name: _benchmark(result) for result in results},
    }


def _benchmark(result: Result) -> dict[str, Any]:
    conclusions = [vars(conclusion) | {"met": conclusion.met} for conclusion in result.conclusions]
    return {"help": result.help, "samples": result.samples, "conclusions": conclusions}


def _machine() -> dict[str, Any]:
    packages = {name: version(name) for name in _PACKAGES}
    return {
        "processors": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "packages": packages,
    }


def _spread(samples: Sequence[Sample], measure: str) -> str:
    values = [sample[measure] for sample in samples]
    return (
        f"{_number(statistics.median(values))} [{_number(min(values))} .. {_number(max(values))}]"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        yield "  ".join(
            [
                f"  {name:<{widths[0]}}",
                *(f"{cell:>{width}}" for cell, width in zip(cells, widths[1:], strict=True)),
            ]
        )


def _sentence(conclusion: Conclusion) -> str:
    goal = {None: "", True: "; met", False: "; NOT met"}[conclusion.met]
    bounds = [
        f"at {word} {bound:g}"
        for word, bound in (("least", conclusion.least), ("most", conclusion.most))
        if bound is not None
    ]
    return f"  {conclusion.name}: {_number(conclusion.value)}" + (
        f" (goal: {' and '.join(bounds)}{goal})" if bounds else ""
    )
