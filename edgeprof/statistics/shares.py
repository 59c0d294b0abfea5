"""A share of right answers with its interval."""

import math

from edgeprof.statistics.distributions import normal_quantile


def wilson(right: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a share, each end 0 to 1 (Wilson 1927). `n` is at least 1.

    >>> [round(end, 3) for end in wilson(9, 10)]
    [0.596, 0.982]
    """
    z = normal_quantile((1 + confidence) / 2)
    share, z2 = right / n, z * z
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
