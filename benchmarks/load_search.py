"""`edgeprof load` against brute force: requests used, and how far its estimate lies off.

    python -m benchmarks.load_search

A server with one queue and known service times is simulated, as a search on a real one has no truth to hold against.
Brute force asks 20 rates evenly up to the capacity, each with as many requests as one long run. Prints a row a server:
the true rate (from 200,000 requests a rate), both estimates' largest error over 20 seeds, and the ratio of requests.
"""

import math
import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from edgeprof.loading.search import Ask, Level, Response, found, search
from edgeprof.statistics.quantiles import Percentile, percentile

SEEDS = 20
RATES = 20
LONG_REQUESTS = 6000
TRUTH_REQUESTS = 200_000


@dataclass(frozen=True)
class Server:
    """Service times are lognormal with this mean and spread."""

    service_ms: float
    spread: float
    limit_ms: float

    def responses(self, rate_per_s: float, requests: int, seed: int) -> list[float]:
        """From arrival to answer, in ms; first come, first served."""
        draw = random.Random(seed)
        sigma = math.sqrt(math.log(1 + self.spread**2))
        mu = math.log(self.service_ms) - sigma**2 / 2
        at_ms = free_ms = 0.0
        found_ms: list[float] = []
        for _ in range(requests):
            at_ms += draw.expovariate(rate_per_s / 1e3)
            free_ms = max(at_ms, free_ms) + draw.lognormvariate(mu, sigma)
            found_ms.append(free_ms - at_ms)
        return found_ms


SERVERS = (Server(10, 0.05, 20), Server(10, 0.05, 50), Server(10, 0.5, 40), Server(2, 1.0, 20), Server(10, 0.2, 200))


def main() -> None:
    """One row a server."""
    print("service  spread  limit  truth/s  load: worst error  within 5 %  brute force: worst error  requests, ratio")
    for server in SERVERS:
        level = Level(quantile=0.95, limit_ms=server.limit_ms)
        truth = _crossing(lambda rate, one=server: _p95(one.responses(rate, TRUTH_REQUESTS, 1)), server)
        errors, brute, used = zip(*(_once(server, level, seed) for seed in range(SEEDS)), strict=True)
        off = [abs(estimate / truth - 1) for estimate in errors]
        print(
            f"{server.service_ms:5g} ms  {server.spread:6g}  {server.limit_ms:5g}  {truth:7.1f}  {max(off):17.1%}  "
            f"{sum(each <= 0.05 for each in off):7} of {SEEDS}  {max(abs(each / truth - 1) for each in brute):24.1%}  "
            f"{statistics.mean(used) / (RATES * LONG_REQUESTS):15.2f}"
        )


def _once(server: Server, level: Level, seed: int) -> tuple[float, float, int]:
    sent: list[int] = []

    def ask(rate_per_s: float, requests: int, run: int) -> Response:
        sent.append(requests)
        return _as_response(server.responses(rate_per_s, requests, 1000 * seed + run))

    answer = _searched(level, server, ask)
    grid = [(index + 1) / (RATES + 1) * 1e3 / server.service_ms for index in range(RATES)]
    times = [_p95(server.responses(rate, LONG_REQUESTS, 1000 * seed + 500 + index)) for index, rate in enumerate(grid)]
    return answer, _from_grid(grid, times, server.limit_ms), sum(sent)


def _searched(level: Level, server: Server, ask: Ask) -> float:
    probes = list(search(level, server.service_ms, server.spread, ask, LONG_REQUESTS))
    return found(level, server.service_ms, server.spread, probes).estimate_per_s or 0.0


def _as_response(times_ms: list[float]) -> Response:
    one = percentile(times_ms, 0.95)
    if isinstance(one, Percentile):
        return Response(value_ms=one.value, low_ms=one.low, high_ms=one.high, n=len(times_ms))
    return Response(value_ms=one.value, low_ms=None, high_ms=None, n=len(times_ms))


def _p95(times_ms: list[float]) -> float:
    return sorted(times_ms)[math.ceil(0.95 * len(times_ms)) - 1]


def _from_grid(rates: list[float], times_ms: list[float], limit_ms: float) -> float:
    """Linear between the last rate within the limit and the next."""
    within = [index for index, time in enumerate(times_ms) if time <= limit_ms]
    last = max(within, default=0)
    if last + 1 == len(rates):
        return rates[-1]
    share = (limit_ms - times_ms[last]) / (times_ms[last + 1] - times_ms[last])
    return rates[last] + share * (rates[last + 1] - rates[last])


def _crossing(p95_of: Callable[[float], float], server: Server) -> float:
    low, high = 0.0, 1e3 / server.service_ms
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if p95_of(middle) <= server.limit_ms else (low, middle)
    return low


if __name__ == "__main__":
    main()
