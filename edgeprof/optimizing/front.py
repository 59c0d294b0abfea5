"""The Pareto front in any number of figures. Pure."""

from collections.abc import Sequence


def front_of(points: Sequence[tuple[float, ...]]) -> set[int]:
    """Indices of the points that no other one dominates: as good in all, better in one. Less is better.

    >>> sorted(front_of([(1.0, 3.0), (2.0, 2.0), (2.0, 3.0)]))
    [0, 1]
    """
    return {index for index, point in enumerate(points) if not any(_dominates(other, point) for other in points)}


def _dominates(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a != b and all(x <= y for x, y in zip(a, b, strict=True))
