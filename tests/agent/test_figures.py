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
