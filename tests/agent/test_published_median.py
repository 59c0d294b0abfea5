"""The median as a result shows it: no interval that spans the whole sample, and a reason where there is none."""

import random
from dataclasses import replace

import pytest

from edgeprof_agent.measuring.published_median import published_median
from tests.agent.measuring import BUNDLED, QUICK, measured, request_for
from tests.agent.test_trust import RUN, marks, trust_of

DRAWN = random.Random(20_261_130)


def with_outlier(n: int) -> list[float]:
    """Around 1, in no order, and one that is 400 times as long."""
    samples = [1 + 0.02 * DRAWN.random() for _ in range(n)]
    samples[n // 2] = 400.0
    return samples


@pytest.mark.parametrize("window_s", [0.001, 0.01, 0.1, 0.179])
@pytest.mark.parametrize("n", [10, 54, 5_000])
def test_a_window_too_short_for_nine_times_20_ms_gives_no_interval(n: int, window_s: float) -> None:
    found = published_median(with_outlier(n), window_s)
    assert found.value == pytest.approx(1.01, abs=0.01)
    assert found.interval is None
    assert found.effective_n == int(window_s / 0.02)
    assert "at most one per 20 ms" in (found.missing or "")


@pytest.mark.parametrize("n", [20, 54, 5_000])
def test_a_longer_window_has_an_interval_that_leaves_the_outlier_out(n: int) -> None:
    found = published_median(with_outlier(n), 0.2)
    assert found.interval is not None
    assert found.interval[1] < 2


def test_dependent_samples_have_the_span_of_their_blocks_and_not_of_all_samples() -> None:
    level, samples = 0.0, list[float]()
    for _ in range(400):
        level = 0.97 * level + DRAWN.gauss(0, 0.01)
        samples.append(1 + level)
    samples[200] = 400.0
    found = published_median(samples)
    assert found.effective_n < 9
    assert found.interval is not None
    assert found.interval[1] < 2


def test_six_independent_samples_keep_their_exact_interval() -> None:
    assert published_median([3.0, 1.0, 6.0, 2.0, 5.0, 4.0]).interval == (1.0, 6.0)
    assert published_median([2.0] * 5).missing == "needs 6 samples for a 95 % interval; this run has 5"


def test_the_badge_judges_the_interval_that_is_shown() -> None:
    """Two that the badge once called precise, by an interval of its own."""
    samples = [1 + 0.5 * (index * 0.618034 % 1) for index in range(2_000)]
    wide = published_median(samples, 0.25)
    run = replace(RUN, medians_of={"latency": samples}, published={"latency": wide}, pieces_ms=samples)
    assert wide.interval is not None
    assert f"lies between {wide.interval[0]:.3g} and {wide.interval[1]:.3g} ms" in marks(run)["noisy"]
    short = replace(run, published={"latency": published_median(samples, 0.1)})
    assert marks(short) == {}
    assert "at most one per 20 ms" in trust_of(short).unchecked["noisy"]


def test_a_run_in_a_short_window_contradicts_itself_nowhere() -> None:
    protocol = replace(QUICK, min_runs=20, window_s=0.05, window_limit_s=0.05)
    result = measured(request_for(BUNDLED / "digits-cnn-fp32.onnx", protocol=protocol))
    row = next(row for row in result.metrics if row.metric == "latency_p50_ms")
    assert (row.ci_low, row.ci_high) == (None, None)
    assert "at most one per 20 ms" in (row.no_interval or "")
    assert result.timing is not None
    assert result.timing.relative_half_width is None
    assert result.trust is not None
    assert result.trust.unchecked["noisy"] == f"median of latency: {row.no_interval}"
    assert not any("no interval" in mark.reason for mark in result.trust.marks)
