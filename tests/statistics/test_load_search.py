"""The search for the highest rate, against simulated servers whose answer is known."""

import pytest

from benchmarks.load_search import Server
from edgeprof.loading import search as searching
from edgeprof.loading.queueing import response_quantile
from edgeprof.loading.search import Level, Probe, Response, found, search
from edgeprof.statistics.quantiles import Percentile, percentile


def response_of(server: Server, rate_per_s: float, requests: int, seed: int) -> Response:
    one = percentile(server.responses(rate_per_s, requests, seed), 0.95)
    low, high = (one.low, one.high) if isinstance(one, Percentile) else (None, None)
    return Response(value_ms=one.value, low_ms=low, high_ms=high, n=requests)


@pytest.mark.parametrize(
    ("server", "truth_per_s"), [(Server(10, 0.05, 50), 69.6), (Server(10, 0.5, 40), 51.5), (Server(2, 1.0, 20), 345.8)]
)
def test_the_estimate_is_near_the_truth_and_the_claim_below_it(server: Server, truth_per_s: float) -> None:
    level = Level(quantile=0.95, limit_ms=server.limit_ms)
    asked: list[int] = []

    def ask(rate_per_s: float, requests: int, run: int) -> Response:
        asked.append(requests)
        return response_of(server, rate_per_s, requests, 7000 + run)

    probes = list(search(level, server.service_ms, server.spread, ask))
    answer = found(level, server.service_ms, server.spread, probes)
    assert answer.estimate_per_s == pytest.approx(truth_per_s, rel=0.12)
    if answer.holds is None:  # responses of widely spread service times depend too much on each other
        assert server.spread >= 1
    else:
        assert answer.holds.rate_per_s < truth_per_s * 1.02
    assert sum(asked) < 20_000


def test_a_wrong_guess_of_the_service_time_still_ends_near_the_truth() -> None:
    server = Server(10, 0.05, 50)
    level = Level(quantile=0.95, limit_ms=50)
    probes = list(search(level, 4.0, 0.05, lambda rate, n, run: response_of(server, rate, n, run)))
    answer = found(level, 4.0, 0.05, probes)
    assert answer.estimate_per_s == pytest.approx(69.6, rel=0.15)


def test_a_limit_below_the_service_time_has_no_rate() -> None:
    server = Server(10, 0.05, 5)
    level = Level(quantile=0.95, limit_ms=5)
    probes = list(search(level, 10, 0.05, lambda rate, n, run: response_of(server, rate, n, run)))
    answer = found(level, 10, 0.05, probes)
    assert (answer.estimate_per_s, answer.holds) == (None, None)
    assert answer.misses is not None
    assert len(probes) <= searching.MAX_SHORT


def test_a_rate_that_holds_above_one_that_misses_is_not_claimed() -> None:
    level = Level(quantile=0.95, limit_ms=20)
    fast = Response(value_ms=12, low_ms=11, high_ms=13, n=2500)
    slow = Response(value_ms=30, low_ms=25, high_ms=35, n=2500)
    long = [
        Probe(rate_per_s=rate, response=response, state=searching.state_of(level, response), is_long=True)
        for rate, response in ((40, fast), (50, slow), (60, fast))
    ]
    answer = found(level, 10, 0.1, long)
    assert answer.holds is long[0]
    assert answer.misses is long[1]
    assert answer.estimate_per_s is not None
    assert 40 <= answer.estimate_per_s <= 50


def test_requests_without_an_answer_miss_every_limit() -> None:
    level = Level(quantile=0.5, limit_ms=1e9)
    assert searching.state_of(level, Response(value_ms=1, low_ms=1, high_ms=1, n=400, unanswered=1)) == "misses"


def test_a_server_whose_queue_grows_misses_with_the_count_that_was_seen() -> None:
    level = Level(quantile=0.5, limit_ms=1e9)
    full = Response(value_ms=1, low_ms=1, high_ms=1, n=400, unanswered=0, kept_up=False)
    assert searching.state_of(level, full) == "misses"
    assert not searching.is_within(level, full)


def test_the_theory_is_that_of_a_queue() -> None:
    """M/D/1 by simulation, 70 % busy: within a tenth."""
    ordered = sorted(Server(10, 1e-6, 50).responses(70, 200_000, 3))
    assert response_quantile(0.07, 10, 0, 0.95) == pytest.approx(ordered[int(0.95 * len(ordered))], rel=0.15)
