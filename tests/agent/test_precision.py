"""What a run says kept its interval wide: the machine's doing first, then what the samples look like."""

import random

from edgeprof.wire.evidence import Timing, Trust, TrustMark
from edgeprof_agent.measuring import precision
from edgeprof_agent.measuring.published_median import published_median


def timing(half_width: float | None) -> Timing:
    return Timing(
        clock_resolution_ns=40.0,
        loop_overhead_ns=80.0,
        warmup_runs=5,
        settled=True,
        window_end="looks",
        relative_half_width=half_width,
        needed_s=50.0,
    )


def prevented_by(timing: Timing, wanted: float, trust: Trust, series: dict[str, list[float]]) -> str | None:
    """Of samples that stand apart."""
    published = {name: published_median(samples) for name, samples in series.items()}
    return precision.prevented_by(timing, wanted, trust, series, published)


CLEAN = Trust(marks=(), unchecked={})
BUSY = TrustMark(cause="busy", reason="other programs used processor time worth 31 % of the model's")
OUTPUT = TrustMark(cause="suspect_output", reason="NaN or infinite output values: 3")


def test_nothing_prevented_what_was_reached() -> None:
    assert prevented_by(timing(0.02), 0.02, Trust(marks=(BUSY,), unchecked={}), {"latency": [1.0] * 30}) is None


def test_other_programs_are_named_and_what_moves_no_time_is_not() -> None:
    trust = Trust(marks=(BUSY, OUTPUT), unchecked={})
    assert prevented_by(timing(0.1), 0.02, trust, {"latency": [1.0] * 30}) == BUSY.reason


def test_samples_that_depend_on_each_other_are_named() -> None:
    draw = random.Random(1)
    level, samples = 0.0, list[float]()
    for _ in range(3_000):
        level = 0.95 * level + draw.gauss(0, 1)
        samples.append(100 + level)
    found = prevented_by(timing(0.03), 0.02, CLEAN, {"latency": samples})
    assert found is not None
    assert found.startswith("samples depend on each other: 3,000 are worth ")


def test_scatter_is_named_of_the_series_that_leads() -> None:
    wide = [80 + 40 * (index * 0.618034 % 1) for index in range(60)]
    found = prevented_by(timing(None), 0.02, CLEAN, {"prefill": [1.0] * 60, "decode": wide})
    assert found is not None
    assert found.startswith("60 samples scatter: their middle half spans ")
    assert prevented_by(timing(None), 0.02, CLEAN, {}) is None


def test_a_median_without_an_interval_is_the_cause_itself() -> None:
    """54 samples of a window of 0.1 s: the badge once called them 54 independent ones."""
    samples = [4.76 + 0.01 * (index * 0.618034 % 1) for index in range(54)]
    published = {"latency": published_median(samples, 0.1)}
    assert precision.prevented_by(timing(None), 0.02, CLEAN, {"latency": samples}, published) == (
        "latency needs 98 samples for a 95 % interval; "
        "this run has 54, worth 5 independent ones (at most one per 20 ms)"
    )


def test_samples_that_count_as_one_within_20_ms_are_said_to() -> None:
    samples = [1.0 + 0.5 * (index * 0.618034 % 1) for index in range(500)]
    published = {"latency": published_median(samples, 0.5)}
    found = precision.prevented_by(timing(0.1), 0.02, CLEAN, {"latency": samples}, published)
    assert found == "samples within 20 ms count as one: 500 are worth 25 independent ones"
