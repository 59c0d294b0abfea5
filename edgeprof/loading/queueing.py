"""How long requests wait for one server: where a search for the highest rate starts. Pure.

A queue with random arrivals, one server and service times of any spread (M/G/1). The mean wait is Pollaczek and
Khinchine's; the tail beyond it is taken as exponential, which is Kingman's bound in heavy traffic. An approximation: a
search starts from it and rests on what is measured.
"""

import math

MAX_BUSY = 0.98
"""No search starts nearer to the server's capacity."""


def response_quantile(rate_per_ms: float, service_ms: float, spread: float, quantile: float) -> float:
    """Milliseconds from arrival to answer that `quantile` of the requests need at most; infinite beyond the capacity.

    `service_ms`: mean; `spread`: standard deviation of the service time over its mean.

    >>> round(response_quantile(0.050, 10, 0.0, 0.95), 1)
    33.0
    """
    busy = rate_per_ms * service_ms
    if busy >= 1:
        return math.inf
    wait_ms = busy * service_ms * (1 + spread**2) / (2 * (1 - busy))
    if busy <= 1 - quantile:
        return service_ms
    return service_ms + wait_ms / busy * math.log(busy / (1 - quantile))


def rate_within(limit_ms: float, service_ms: float, spread: float, quantile: float) -> float:
    """The highest rate, per ms, whose predicted quantile is within the limit; 0 where the service alone is longer.

    >>> round(rate_within(33.0, 10, 0.0, 0.95), 3)
    0.05
    >>> rate_within(5, 10, 0.0, 0.95)
    0.0
    """
    if limit_ms <= service_ms:
        return 0.0
    low, high = 0.0, MAX_BUSY / service_ms
    if response_quantile(high, service_ms, spread, quantile) <= limit_ms:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        if response_quantile(middle, service_ms, spread, quantile) <= limit_ms:
            low = middle
        else:
            high = middle
    return low


def steepness(rate_per_ms: float, service_ms: float, spread: float, quantile: float) -> float:
    """By how many per cent the quantile grows where the rate does by one; at least 0.5, at most 20.

    >>> round(steepness(0.05, 10, 0.0, 0.95), 1)
    1.0
    """
    rate_per_ms = min(rate_per_ms, MAX_BUSY / service_ms)
    above = response_quantile(min(rate_per_ms * 1.01, 0.999 / service_ms), service_ms, spread, quantile)
    below = response_quantile(rate_per_ms * 0.99, service_ms, spread, quantile)
    return min(max(math.log(above / below) / math.log(1.01 / 0.99), 0.5), 20.0)
