"""What two builds answered on the same inputs, as the worker's program `answers` found it. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from edgeprof.bisecting.judging import Ratio

TOLERANCE = 1e-3
"""Of an output's own range. Kernels that sum in another order differ by 1e-6 of it; other arithmetic by 1e-2."""


@dataclass(frozen=True, kw_only=True)
class OutputDifference:
    """One output of a build against the good one's. `largest`: as a share of the good output's range.

    None where the two cannot be subtracted: another shape, or values that are not finite in one of them only.
    """

    name: str
    largest: float | None
    top_differs: float
    """The share of rows whose largest entry is another one; 0 for an output without rows."""
    problem: str = ""


def differs(found: Sequence[OutputDifference], tolerance: float = TOLERANCE) -> bool:
    """Whether a build answers otherwise: beyond rounding, or with another largest entry."""
    return any(one.largest is None or one.largest > tolerance or one.top_differs > 0 for one in found)


def as_ratio(found: Sequence[OutputDifference], tolerance: float = TOLERANCE) -> Ratio:
    """For the search: 1 where answers agree, 2 where they differ. There is no noise in it."""
    value = 2.0 if differs(found, tolerance) else 1.0
    return Ratio(value=value, low=value, high=value, percent=100, is_exact=True)


def sentence(found: Sequence[OutputDifference]) -> str:
    """The largest difference, for a line.

    >>> sentence([OutputDifference(name="y", largest=0.02, top_differs=0.25)])
    'largest difference 2 % of the range of y; 25 % of its rows name another largest entry'
    """
    problems = [f"{one.name}: {one.problem}" for one in found if one.problem]
    if problems:
        return problems[0]
    if not found or all(one.largest == 0 for one in found):
        return "bit for bit equal"
    worst = max(found, key=lambda one: (one.top_differs, one.largest or 0.0))
    text = f"largest difference {_share(worst.largest or 0.0)} of the range of {worst.name}"
    return text + (f"; {_share(worst.top_differs)} of its rows name another largest entry" if worst.top_differs else "")


def read(document: Mapping[str, object]) -> list[OutputDifference]:
    """What the program printed: `outputs`, each with its fields."""
    return [
        OutputDifference(
            name=str(one["name"]),
            largest=None if one["largest"] is None or math.isnan(one["largest"]) else float(one["largest"]),
            top_differs=float(one["top_differs"]),
            problem=str(one["problem"]),
        )
        for one in cast("list[dict[str, Any]]", document["outputs"])
    ]


def _share(share: float) -> str:
    return f"{share * 100:.2g} %" if share >= 1e-4 else f"{share:.1g}"
