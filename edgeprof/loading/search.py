"""The highest rate of random arrivals within a limit on a percentile of the response time. Pure.

First short runs hold a bracket: a rate within the limit, and one beyond it. They start where queueing theory puts the
limit, and halve the bracket on a log scale until its ends are near each other. Then long runs around the crossing fit
where it is, and runs below it, until one is shown to hold.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from edgeprof.loading.queueing import rate_within, steepness

State = Literal["holds", "misses", "undecided"]
BRACKET = 1.15
"""The short runs end when the rate beyond the limit is at most so many times the one within."""
FIRST_STEP = 1.12
"""From the first guess to the second while one end is unknown; each further step is its square."""
SHORT_REQUESTS, LONG_REQUESTS = 600, 2500
"""Of a run. Responses in a queue depend on each other: a p95 with a useful interval takes some thousand."""
MIN_SHORT_S, MIN_LONG_S = 1.0, 4.0
"""What slows a machine down lasts for some 10 ms: a run of a fast model must see many of them."""
AROUND = (1.0, 0.92, 1.08)
"""The long runs, as shares of the bracket's crossing."""
BELOW = (0.85, 0.75, 0.6)
"""Further long runs, until one is shown to hold."""
MAX_SHORT = 14
MIN_BUSY = 0.001
"""A server that misses the limit at so little load misses it by its service time alone."""


@dataclass(frozen=True, kw_only=True)
class Level:
    """A service level: so much of the requests, 0 to 1, within so many ms."""

    quantile: float
    limit_ms: float


@dataclass(frozen=True, kw_only=True)
class Response:
    """What one run at a rate saw: the level's percentile with its 95 % interval; None where it has none.

    `n`: answered. `unanswered`: arrivals given up after twice the planned time. `kept_up`: all were answered, and the
    rate times the mean service time is below 1; else the queue grows for as long as requests come.
    """

    value_ms: float | None
    low_ms: float | None
    high_ms: float | None
    n: int
    unanswered: int = 0
    kept_up: bool = True


@dataclass(frozen=True, kw_only=True)
class Probe:
    """One run at one rate. `is_long`: one of those that the answer rests on."""

    rate_per_s: float
    response: Response
    state: State
    is_long: bool = False


Ask = Callable[[float, int, int], Response]
"""A run at a rate, per second, with about so many requests; the last argument numbers the runs, for a seed."""


def search(
    level: Level, service_ms: float, spread: float, ask: Ask, long_requests: int = LONG_REQUESTS
) -> Iterator[Probe]:
    """Each probe as soon as it is known; `found` makes the answer of them.

    `service_ms`: mean time of one inference without a queue; `spread`: its standard deviation over that mean.
    """
    probes: list[Probe] = []

    def probe(rate_per_s: float, requests: int, *, is_long: bool) -> Probe:
        lasting = math.ceil(rate_per_s * (MIN_LONG_S if is_long else MIN_SHORT_S))
        response = ask(rate_per_s, max(requests, lasting), len(probes) + 1)
        made = Probe(rate_per_s=rate_per_s, response=response, state=state_of(level, response), is_long=is_long)
        probes.append(made)
        return made

    guess_per_s = rate_within(level.limit_ms, service_ms, spread, level.quantile) * 1e3 or 0.1e3 / service_ms
    for rate_per_s in _bracketing(level, guess_per_s, service_ms, probes):
        yield probe(rate_per_s, SHORT_REQUESTS, is_long=False)
    middle_per_s = _crossing(level, *_ends(level, probes))
    if middle_per_s is None:
        return
    for share in AROUND:
        yield probe(share * middle_per_s, long_requests, is_long=True)
    for share in BELOW:
        if any(each.is_long and each.state == "holds" for each in probes):
            return
        yield probe(share * middle_per_s, long_requests, is_long=True)


def _bracketing(level: Level, guess_per_s: float, service_ms: float, probes: Sequence[Probe]) -> Iterator[float]:
    """Rates for short runs; `probes` has the last one's when the next is wanted."""
    rate_per_s, step = guess_per_s, FIRST_STEP
    for _ in range(MAX_SHORT):
        yield rate_per_s
        below, above = _ends(level, probes)
        if below is not None and above is not None:
            if above.rate_per_s <= below.rate_per_s * BRACKET:
                return
            rate_per_s = math.sqrt(below.rate_per_s * above.rate_per_s)
        else:
            rate_per_s, step = (rate_per_s / step if below is None else rate_per_s * step), step * step
        if rate_per_s * service_ms / 1e3 < MIN_BUSY:
            return


def state_of(level: Level, response: Response) -> State:
    """What a run shows. A request without an answer is beyond every limit.

    >>> level = Level(quantile=0.95, limit_ms=20)
    >>> state_of(level, Response(value_ms=15, low_ms=12, high_ms=18, n=400))
    'holds'
    >>> state_of(level, Response(value_ms=15, low_ms=12, high_ms=30, n=400))
    'undecided'
    """
    if response.unanswered or not response.kept_up or response.value_ms is None:
        return "misses"
    if response.low_ms is None or response.high_ms is None:
        return "undecided"
    if response.high_ms <= level.limit_ms:
        return "holds"
    return "misses" if response.low_ms > level.limit_ms else "undecided"


@dataclass(frozen=True, kw_only=True)
class Found:
    """The answer, in requests a second.

    `estimate_per_s`: where the percentile crosses the limit. `holds`: the highest rate of a long run whose whole
    interval is within the limit. `misses`: the lowest rate whose percentile is beyond it. None where there is none.
    """

    estimate_per_s: float | None
    holds: Probe | None
    misses: Probe | None


def found(level: Level, service_ms: float, spread: float, probes: Sequence[Probe]) -> Found:
    """Of all probes, in any order. A rate that holds above one that misses is chance, and is not claimed."""
    long = [each for each in probes if each.is_long]
    _, above = _ends(level, long)
    held = [each for each in long if each.state == "holds" and (above is None or each.rate_per_s < above.rate_per_s)]
    holds = max(held, key=lambda each: each.rate_per_s, default=None)
    estimate = _fitted(level, service_ms, spread, long[: len(AROUND)])
    if estimate is not None:  # on a machine that does other things, runs contradict the theory of queues
        estimate = max(estimate, holds.rate_per_s if holds else 0.0)
        estimate = min(estimate, above.rate_per_s if above else math.inf)
    above = above or _ends(level, probes)[1]
    return Found(estimate_per_s=estimate, holds=holds, misses=above)


def _ends(level: Level, probes: Iterable[Probe]) -> tuple[Probe | None, Probe | None]:
    """The highest rate within the limit below every one beyond it, and the lowest beyond. Their intervals apart."""
    below: Probe | None = None
    for probe in sorted(probes, key=lambda each: each.rate_per_s):
        if not is_within(level, probe.response):
            return below, probe
        below = probe
    return below, None


def _crossing(level: Level, below: Probe | None, above: Probe | None) -> float | None:
    """Between two rates, linear in the logarithms of rate and time, as queues grow faster than their load."""
    if below is None or above is None:
        return None
    first, second = below.response.value_ms, above.response.value_ms
    if first is None or second is None or above.response.unanswered or second <= first:
        return math.sqrt(below.rate_per_s * above.rate_per_s)
    share = math.log(level.limit_ms / first) / math.log(second / first)
    return below.rate_per_s * (above.rate_per_s / below.rate_per_s) ** share


def _fitted(level: Level, service_ms: float, spread: float, probes: Sequence[Probe]) -> float | None:
    """The crossing of the long runs around it. Their level is measured; how steep it is comes from queueing theory.

    Each run is a chance draw of some per cent: over so narrow a range of rates that would hide the slope.
    """
    points = [
        (math.log(each.rate_per_s), math.log(each.response.value_ms / level.limit_ms))
        for each in probes
        if each.response.value_ms and not each.response.unanswered
    ]
    if not points:
        return _crossing(level, *_ends(level, probes))
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return math.exp(mean_x - mean_y / steepness(math.exp(mean_x) / 1e3, service_ms, spread, level.quantile))


def is_within(level: Level, response: Response) -> bool:
    """Whether the server kept up and the percentile itself is within the limit, its interval apart."""
    has_all = response.kept_up and not response.unanswered
    return has_all and response.value_ms is not None and response.value_ms <= level.limit_ms
