"""What ended a window: no more precise than the published interval, in the same words on page and terminal."""

from dataclasses import replace

import pytest

from edgeprof.tables.window_end import reached_precision, window_end_text
from edgeprof.wire.evidence import Timing, WindowEnd
from edgeprof.wire.messages import RunProtocol
from edgeprof_agent.commands.view.ran import timing_lines
from edgeprof_hub.views.protocol_facts import timing_facts
from tests.hub import fleet, realistic

PROTOCOL = RunProtocol(precision=0.01, window_limit_s=10, deadline_s=300, max_runs=100_000)


def timing(end: WindowEnd, half_width: float | None) -> Timing:
    return Timing(
        clock_resolution_ns=40,
        loop_overhead_ns=70,
        warmup_runs=10,
        settled=True,
        window_end=end,
        relative_half_width=half_width,
    )


@pytest.mark.parametrize(
    ("end", "half_width", "text"),
    [
        ("precision", 0.008, "reached the requested precision of ±1.0 %; the published interval is ±0.80 %"),
        ("precision", 0.01, "reached the requested precision of ±1.0 %; the published interval is ±1.0 %"),
        (
            "precision",
            0.027,
            "the quick estimate reached ±1.0 %; the published interval is ±2.7 %, wider than requested",
        ),
        ("precision", None, "the quick estimate reached ±1.0 %; the median has no 95 % interval"),
        (
            "time",
            0.03,
            "stopped at its time limit of 10 s; the published interval is ±3.0 %, wider than the requested ±1.0 %",
        ),
        (
            "time",
            0.005,
            "stopped at its time limit of 10 s; the published interval is ±0.50 %, within the requested ±1.0 %",
        ),
        ("looks", None, "stopped after three precision checks; the median has no 95 % interval"),
        ("runs", None, "stopped at its limit of 100,000 runs; the median has no 95 % interval"),
        ("deadline", None, "stopped near the run's time limit of 300 s; the median has no 95 % interval"),
    ],
)
def test_precision_is_claimed_only_where_the_published_interval_has_it(
    end: WindowEnd, half_width: float | None, text: str
) -> None:
    found = timing(end, half_width)
    assert window_end_text(found, PROTOCOL) == text
    assert reached_precision(found, PROTOCOL) == (half_width is not None and half_width <= PROTOCOL.precision)


def test_the_terminal_prints_that_text() -> None:
    found = timing("precision", 0.027)
    printed = " ".join(" ".join(timing_lines(found, PROTOCOL)).split())
    assert f"window {window_end_text(found, PROTOCOL)}" in printed


@pytest.mark.parametrize(("half_width", "warns"), [(0.027, True), (0.008, False)])
def test_the_page_of_a_run_shows_that_text(half_width: float, warns: bool) -> None:
    found = timing("precision", half_width)
    run = replace(realistic.full(1, fleet.model("cnn", "cnn")), timing=found, protocol=PROTOCOL)
    facts = {fact.name: fact for fact in timing_facts(run)}
    assert facts["Window"].text == window_end_text(found, PROTOCOL)
    assert facts["Window"].warns is warns


def test_a_window_that_ended_early_tells_how_long_it_would_take_and_what_prevents_it() -> None:
    found = replace(
        timing("looks", 0.039),
        needed_s=23.8,
        prevented_by="other programs used processor time worth 31 % of the model's",
    )
    assert window_end_text(found, PROTOCOL) == (
        "stopped early: ±1.0 % would take about 23.8 s, the limit is 10 s; the published interval is ±3.9 %. "
        "Cause: other programs used processor time worth 31 % of the model's"
    )
