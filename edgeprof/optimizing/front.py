"""The Pareto front in any number of figures, each with a width within which two count as equal. Pure."""

from collections.abc import Sequence


def front_of(points: Sequence[tuple[float, ...]], equal_within: Sequence[float]) -> set[int]:
    """Indices of the points that no other one dominates: as good in all, better in one. Less is better.

    `equal_within`: of each figure, the share by which two may differ and count as equal; 0: they must be the same.
    Figures with a share are positive.

    >>> sorted(front_of([(1.0, 3.0), (2.0, 2.0), (2.0, 3.0)], (0, 0)))
    [0, 1]
    >>> sorted(front_of([(1.0, 103.0), (2.0, 100.0)], (0.05, 0.05)))
    [0]
    """
    return {
        index
        for index, point in enumerate(points)
        if not any(_dominates(other, point, equal_within) for other in points)
    }


def _dominates(a: tuple[float, ...], b: tuple[float, ...], equal_within: Sequence[float]) -> bool:
    pairs = list(zip(a, b, equal_within, strict=True))
    if not all(x <= (y * (1 + share) if share else y) for x, y, share in pairs):
        return False
    return any((x * (1 + share) if share else x) < y for x, y, share in pairs)
