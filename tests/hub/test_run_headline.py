"""What a run's page says first, what its figures mean for an app, and when neither is stated. Pure."""

from dataclasses import replace

import pytest

from edgeprof.tables.remedies import FAILURE_REMEDIES, REMEDIES, remedy
from edgeprof.tables.trust import QUOTA
from edgeprof.wire import messages as m
from edgeprof.wire.evidence import TRUST_CAUSES, Soak, SweepAt, SweepPoint, Trust, TrustMark
from edgeprof.wire.failures import FAILURE_CODES
from edgeprof_hub.views.app_meaning import AppMeaning, app_meaning
from edgeprof_hub.views.protocol_facts import NO_RATIO, cold_view
from edgeprof_hub.views.run_headline import run_headline
from edgeprof_hub.views.samples import caption_of, histogram_of, table_of
from tests.hub import fleet, realistic

CNN, LLM = fleet.model("cnn", "cnn"), fleet.model("llm", "llm", "gguf")
VISION = replace(fleet.result(1, CNN, fleet.vision_rows(10.0, 0.1)), trust=Trust())
LANGUAGE = replace(fleet.result(1, LLM, fleet.language_rows(21.0)), trust=Trust())


def said(found: AppMeaning | None) -> list[str]:
    assert found is not None
    return [f"{line.sentence} [{line.formula}]" for line in found.lines]


def test_the_headline_has_figure_interval_memory_and_why_there_is_no_energy() -> None:
    found = run_headline(VISION, "onnx", 1)
    assert found is not None
    shown = {figure.title: (figure.text, figure.unit, figure.interval) for figure in found.figures}
    assert shown == {
        "p50": ("10.0", "ms", "9.9–10.1"),
        "p95": ("13.0", "ms", "12.8–13.2"),
        "Peak memory": ("58.2", "MiB", None),
        "Energy": ("", "", None),
    }
    assert found.figures[-1].reason == fleet.NO_SENSOR
    assert found.would_change == ("This cell has one run. Repeat it to see how far two runs differ.",)


def test_a_failed_run_has_its_failure_as_headline() -> None:
    assert run_headline(fleet.result(1, CNN, failure=fleet.UNSUPPORTED), "onnx", 0) is None
    assert app_meaning(fleet.result(1, CNN, failure=fleet.UNSUPPORTED), "inference") is None


def test_each_failure_has_a_remedy() -> None:
    assert set(FAILURE_REMEDIES) == set(FAILURE_CODES)


def test_each_cause_of_the_badge_has_a_remedy_that_comes_first() -> None:
    assert set(REMEDIES) == set(TRUST_CAUSES)
    found = run_headline(replace(VISION, trust=Trust(marks=(realistic.BUSY,))), "onnx", 1)
    assert found is not None
    assert found.would_change[0] == REMEDIES["busy"]
    assert found.figures[0].doubted
    assert "quota" in remedy(TrustMark(cause="busy", reason=f"The {QUOTA} ran out."))


def test_a_language_model_leads_with_its_decode_rate() -> None:
    found = run_headline(LANGUAGE, "gguf", 3)
    assert found is not None
    assert [figure.title for figure in found.figures] == [
        "Decode",
        "TTFT",
        "Prefill",
        "Peak memory",
        "Energy per token",
    ]


def test_rates_and_frames_come_with_their_formula() -> None:
    assert said(app_meaning(VISION, "inference")) == [
        "Up to 100 inferences a second, one after another. [1,000 ms ÷ p50 10.0 ms]",
        "The model alone: 2 inferences per frame at 30 frames/s, at p95. [33.3 ms ÷ p95 13.0 ms, rounded down]",
    ]
    slow = replace(VISION, metrics=fleet.vision_rows(100.0, 1.0))
    assert said(app_meaning(slow, "inference"))[1] == (
        "The model alone: too slow for 30 frames/s at p95. It keeps up with 7.69 frames/s, or every 4th frame. "
        "[1,000 ms ÷ p95 130 ms; p95 130 ms ÷ 33.3 ms, rounded up]"
    )


def test_the_whole_pipeline_soak_and_energy_are_told_where_measured() -> None:
    pipeline = tuple(fleet.row(name, value) for name, value in (("pipeline_p50_ms", 20.0), ("pipeline_p95_ms", 25.0)))
    evaluated = replace(VISION, metrics=pipeline)
    soak = Soak(
        duration_s=60, complete=True, curve=(), burst_p50_ms=10, sustained_p50_ms=12.5, knee_s=30, slowdown=1.25
    )
    energy = fleet.row("energy_per_inference_j", 0.036, scope="module_input")
    lines = said(app_meaning(replace(VISION, soak=soak, metrics=(*VISION.metrics, energy)), "inference", evaluated))
    assert any("an item takes 20.0 ms: 50.0 items a second." in line for line in lines)
    assert any("The whole pipeline: 1 inference per frame at 30 frames/s, at pipeline p95." in line for line in lines)
    assert any("Under load for 60 s: 80.0 inferences a second." in line for line in lines)
    busy = replace(evaluated, trust=Trust(marks=(realistic.BUSY,)))
    assert not any("item" in line for line in said(app_meaning(VISION, "inference", busy)))
    (energy,) = (line for line in lines if "One watt-hour" in line)
    assert "One watt-hour is enough for 100,000 inferences." in energy
    assert "3,600 J ÷ 36.0 mJ each" in energy


def test_tokens_are_held_against_reading_and_ttft_names_its_prompts() -> None:
    point = SweepPoint(at=SweepAt(prompt_tokens=512), metrics=(fleet.row("ttft_ms", 6100.0),))
    deep = SweepPoint(at=SweepAt(prompt_tokens=2048, depth_tokens=99), metrics=(fleet.row("ttft_ms", 9e4),))
    lines = said(app_meaning(replace(LANGUAGE, points=(point, deep)), "language"))
    assert lines[0].startswith("Text appears at 3.97 times the speed at which people read. [decode 21.0 tokens/s ÷ 5.3")
    assert lines[1].startswith("100 generated tokens, about 75 words, take 4.76 s.")
    assert lines[2].startswith("Wait for the first token, by prompt tokens: 1.52 s for 128; 6.10 s for 512.")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"emulated": True}, "emulated"),
        ({"replayed": "pi4"}, "replayed"),
        ({"trust": Trust(marks=(realistic.BUSY,))}, "speaks against its times (busy)"),
        ({"trust": Trust(marks=(TrustMark(cause="busy", reason=f"The {QUOTA} ran out."),))}, "CPU quota"),
    ],
)
def test_nothing_is_stated_where_the_badge_or_a_quota_forbids_it(changes: dict[str, object], why: str) -> None:
    found = app_meaning(replace(VISION, **changes), "inference")  # pyright: ignore[reportArgumentType]
    assert found is not None
    assert (found.lines, why in found.refused) == ((), True)


def test_figures_that_were_not_measured_mean_nothing() -> None:
    predicted = tuple(replace(row, origin="predicted") for row in VISION.metrics)
    assert app_meaning(replace(VISION, metrics=predicted), "inference") is None


def test_a_cold_start_faster_than_a_warm_one_has_no_ratio() -> None:
    def table(warm_ms: float, cold_ms: float) -> tuple[tuple[str, ...], ...]:
        rows = (
            m.MetricRow(metric="load_ms", value=warm_ms, n=1),
            m.MetricRow(metric="load_cold_ms", value=cold_ms, n=1),
        )
        found = cold_view(replace(realistic.full(1, CNN), metrics=rows))
        assert found is not None
        return found.table.rows

    assert table(10.6, 8.96) == (("Load", "8.96", "10.6", NO_RATIO),)
    assert table(10.0, 20.0) == (("Load", "20.0", "10.0", "2.00×"),)


def test_a_histogram_names_two_speeds_and_what_lies_beyond_and_takes_a_log_axis_where_one_bar_would_be_left() -> None:
    values = [1.0 + index % 40 / 1000 for index in range(600)] + [2.0 + index % 40 / 1000 for index in range(400)]
    found = histogram_of([*values, 12.0, 900.0])
    assert found is not None
    assert found.is_log is False
    assert [round(mode) for mode in found.modes_ms] == [1, 2]
    assert caption_of(found).startswith("Histogram of all samples up to p99; ")
    assert "up to 900 ms. Two speeds: peaks at 1.0" in caption_of(found)
    assert sum(found.counts) + found.beyond == 1002
    assert sum(int(row[1].replace(",", "")) for row in table_of(found).rows) == 1002
    wide = histogram_of([0.01 * 1.1**index for index in range(90)])
    assert wide is not None
    assert (wide.is_log, wide.beyond, max(wide.counts) <= 4) == (True, 0, True)
    assert "log axis" in caption_of(wide)
