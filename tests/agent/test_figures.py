"""Rows and reasons of a result as they are gathered: never both for one metric, and the first reason stands."""

from edgeprof_agent.measuring.figures import Figures


def test_what_is_missing_stays_missing_for_its_first_reason() -> None:
    figures = Figures()
    figures.miss("response_p50_ms", "it needs a context of 632 tokens")
    figures.miss("response_p50_ms", "the worker reported nothing about the open loop")
    figures.add("response_p50_ms", 4.0)
    figures.add_percentiles([1.0] * 50, [("response_p50_ms", 0.5)])
    assert [(one.metric, one.reason) for one in figures.absent] == [
        ("response_p50_ms", "it needs a context of 632 tokens")
    ]
    assert figures.rows == []
    figures.add("ttft_ms", 4.0)
    assert figures.value("ttft_ms") == 4.0


def test_percentiles_are_shown_from_one_over_one_minus_p_samples_and_marked_without_an_interval() -> None:
    figures = Figures()
    wanted = [("latency_p50_ms", 0.5), ("latency_p90_ms", 0.9), ("latency_p95_ms", 0.95), ("latency_p99_ms", 0.99)]
    figures.add_percentiles([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0], wanted)
    assert {row.metric: (row.value, row.ci_low, row.no_interval) for row in figures.rows} == {
        "latency_p50_ms": (5.5, 2.0, None),
        "latency_p90_ms": (9.1, None, "needs 29 samples for a 95 % interval; this run has 10"),
    }
    assert [(row.metric, row.reason) for row in figures.absent] == [
        ("latency_p95_ms", "shown from 20 samples on; this run has 10"),
        ("latency_p99_ms", "shown from 100 samples on; this run has 10"),
    ]


def test_a_percentile_just_below_where_it_is_shown_names_that_count_and_no_intervals() -> None:
    figures = Figures()
    figures.add_percentiles([1.0 + index * 0.618034 % 1 for index in range(963)], [("latency_p999_ms", 0.999)])
    (absent,) = figures.absent
    assert absent.reason == "shown from 1,000 samples on; this run has 963"


def test_a_median_of_two_is_shown_without_an_interval_and_one_sample_is_none() -> None:
    figures = Figures()
    figures.add_percentiles([20.0, 30.0], [("decode_tokens_per_s", 0.5)])
    figures.add_percentiles([20.0], [("prefill_tokens_per_s", 0.5)])
    (row,) = figures.rows
    assert (row.value, row.n, row.ci_low) == (25.0, 2, None)
    assert row.no_interval == "needs 6 samples for a 95 % interval; this run has 2"
    assert [one.metric for one in figures.absent] == ["prefill_tokens_per_s"]
