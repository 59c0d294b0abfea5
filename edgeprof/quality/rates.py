"""The 95 % interval of a rate of events that are counted over time."""

import math


def poisson_ends(events: int) -> tuple[float, float]:
    """The exact interval of a Poisson mean of which `events` were seen (Garwood 1936).

    >>> [round(end, 2) for end in poisson_ends(0)], [round(end, 2) for end in poisson_ends(10)]
    ([0.0, 3.69], [4.8, 18.39])
    """
    low = 0.0 if events == 0 else _mean_with(events - 1, 0.975)
    return low, _mean_with(events, 0.025)


def _mean_with(at_most: int, share: float) -> float:
    """The mean at which `share` of all counts are `at_most` or fewer."""
    low, high = 0.0, 2.0 * at_most + 20.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _cumulated(at_most, middle) > share else (low, middle)
    return (low + high) / 2


def _cumulated(at_most: int, mean: float) -> float:
    if mean == 0:
        return 1.0
    return math.fsum(math.exp(count * math.log(mean) - mean - math.lgamma(count + 1)) for count in range(at_most + 1))
