"""What stands in a cell: the figure, what it rests on, and words that claim no more than was counted."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest

from edgeprof.wire import rest
from edgeprof.wire.messages import MetricRow
from edgeprof.wire.metrics import Origin
from edgeprof_hub.cost.catalogue.loader import load_catalogue
from edgeprof_hub.cost.cell import cell_cost
from edgeprof_hub.cost.price_moment import prices_now
from edgeprof_hub.cost.scenario import (
    CallBaseline,
    ExchangeRate,
    InstanceBaseline,
    Scenario,
    TokenBaseline,
    baseline_for,
)
from edgeprof_hub.cost.subject import Subject

NOW_S = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


def row(metric: str, value: float, scope: str | None = None, origin: Origin = "measured") -> MetricRow:
    return MetricRow(metric=metric, value=value, n=100, scope=scope, origin=origin)


def rows(*items: MetricRow) -> dict[str, MetricRow]:
    return {item.metric: item for item in items}


FAST = rows(row("latency_mean_ms", 20.0))
WRITER = rows(row("prefill_tokens_per_s", 200.0), row("decode_tokens_per_s", 40.0))


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell as the table asks for it."""

    task: str = "image-classification"
    format: str = "onnx"
    metrics: Mapping[str, MetricRow] = field(default_factory=lambda: FAST)
    price_usd: float | None = 109.5
    idle_w: float | None = None
    emulated: bool = False
    inputs: Mapping[str, str] = field(default_factory=lambda: {})
    scenario: Scenario = field(default_factory=Scenario)
    now_s: float = NOW_S

    def cost(self) -> rest.CostView | str:
        subject = Subject(
            task=self.task,
            format=self.format,
            metrics=self.metrics,
            price_usd=self.price_usd,
            price_source="a shop, 2026-11",
            idle_w=self.idle_w,
            is_emulated=self.emulated,
            fed=self.inputs,
        )
        return cell_cost(subject, self.scenario, prices_now(self.now_s))

    def view(self) -> rest.CostView:
        found = self.cost()
        assert isinstance(found, rest.CostView), found
        return found

    def reason(self) -> str:
        found = self.cost()
        assert isinstance(found, str)
        return found


def test_an_image_model_beside_an_image_service():
    view = Cell().view()
    assert view.unit == "1,000 inferences"
    assert view.edge_parts_usd == {"hardware": pytest.approx(0.1)}
    assert view.edge_usd == pytest.approx(0.1)
    assert view.cloud_usd == 1.0
    assert view.cloud_name == "Amazon Rekognition DetectLabels (us-east-1)"
    assert (view.per_day, view.as_of) == (1000.0, "2026-10-07")
    assert view.break_even_per_day == pytest.approx(100.0)
    assert view.break_even_kind == "at_least"


def test_energy_that_nobody_measured_is_named_and_never_a_zero():
    view = Cell(idle_w=3.0).view()
    assert "energy" not in view.edge_parts_usd
    assert "edge: energy (not measured in this run)" in view.not_counted
    assert (view.edge_marginal_usd, view.edge_floor_usd) == (None, None)
    assert "energy not counted" in view.verdict


def test_modelled_energy_does_not_count_as_measured():
    modelled = {**FAST, **rows(row("energy_per_inference_j", 1.0, "wall_ac", "modelled"))}
    assert "energy" not in Cell(metrics=modelled).view().edge_parts_usd


@pytest.mark.parametrize(
    ("scope", "wall_kwh", "named"),
    [("wall_ac", "1", None), ("dc_input", "1.176470588", None), ("cpu_package", "1.176470588", "cpu_package")],
)
def test_measured_energy_is_brought_to_the_wall_and_says_what_it_leaves_out(
    scope: str, wall_kwh: str, named: str | None
):
    """3600 J an inference are 1 kWh per 1,000."""
    metrics = {**FAST, **rows(row("energy_per_inference_j", 3600.0, scope))}
    view = Cell(metrics=metrics).view()
    assert view.edge_parts_usd["energy"] == pytest.approx(0.165 * float(wall_kwh))
    assert view.edge_marginal_usd == pytest.approx(view.edge_parts_usd["energy"])
    assert view.edge_usd == pytest.approx(sum(view.edge_parts_usd.values()))
    assert scope in view.inputs["energy"]
    assert ("supply efficiency" in view.inputs) == (scope != "wall_ac")
    assert (f"edge: energy outside {named}" in view.not_counted) == (named is not None)
    assert "edge: idle power between runs" in view.not_counted


def test_a_language_model_is_priced_by_the_token_on_both_sides():
    """An answer of 500 + 300 tokens takes 10 s; 200 a day; 0.1 USD a day for the board; 0.000049 USD hosted."""
    view = Cell(task="llm", format="gguf", metrics=WRITER).view()
    assert view.unit == "1M tokens"
    assert view.edge_usd == pytest.approx(0.1 / (200 * 800) * 1e6)
    assert view.cloud_usd == pytest.approx(0.000049 / 800 * 1e6)
    assert view.cloud_name == "Groq llama-3.1-8b-instant"
    assert "genai-prices" in view.cloud_basis
    assert "8,640 answers a day" in view.inputs["devices"]
    assert view.verdict.startswith("Cloud cheaper at this volume")


@pytest.mark.parametrize(("task", "unit"), [("other", "llama"), ("llm", "llama"), ("text", "t4g.small")])
def test_a_gguf_model_is_a_language_model_unless_somebody_said_otherwise(task: str, unit: str) -> None:
    view = Cell(task=task, format="gguf", metrics=WRITER).view()
    assert unit in view.cloud_name


def test_energy_per_token_leaves_out_reading_the_prompt_and_says_so():
    metrics = {**WRITER, **rows(row("energy_per_token_j", 12.0, "wall_ac"))}
    view = Cell(task="llm", format="gguf", metrics=metrics).view()
    assert view.edge_parts_usd["energy"] == pytest.approx(12 * 300 / 3.6e6 * 0.165 / 800 * 1e6)
    assert "edge: energy of reading the prompt" in view.not_counted


def test_a_task_that_no_service_does_is_compared_with_a_rented_machine():
    view = Cell(task="segmentation").view()
    assert view.cloud_name == "AWS t4g.small (us-east-1)"
    assert view.cloud_usd == pytest.approx(0.0168 * 24)
    assert (view.break_even_per_day, view.break_even_kind) == (None, "not_by_volume")
    assert "on demand, always on" in view.cloud_basis


@pytest.mark.parametrize(
    ("task", "baseline"),
    [
        ("image-classification", CallBaseline("aws-rekognition-detect-labels")),
        ("object-detection", CallBaseline("aws-rekognition-detect-labels")),
        ("llm", TokenBaseline("groq", "llama-3.1-8b-instant")),
        *((task, InstanceBaseline("aws-t4g-small")) for task in ("landmark-detection", "segmentation", "file-type")),
        *((task, InstanceBaseline("aws-t4g-small")) for task in ("text", "other", "a task of tomorrow")),
    ],
)
def test_every_task_has_a_baseline_that_has_a_price(task: str, baseline: object):
    assert baseline_for(task) == baseline
    assert Cell(task=task, format="gguf" if task == "llm" else "onnx", metrics={**FAST, **WRITER}).view().cloud_usd


def test_another_baseline_can_be_chosen_for_a_task():
    scenario = Scenario(baselines={"segmentation": CallBaseline("google-vision-label-detection")})
    view = Cell(task="segmentation", scenario=scenario).view()
    month = 1000 * 365 / 12
    assert view.cloud_usd == pytest.approx((month - 1000) / month * 1.5)


def test_an_emulated_device_has_no_cost():
    assert "emulated" in Cell(emulated=True).reason()


def test_without_a_price_of_the_board_the_reason_says_how_to_enter_one():
    assert "edgeprof price" in Cell(price_usd=None).reason()


@pytest.mark.parametrize("price_usd", [-1.0, float("nan"), float("inf")])
def test_a_price_that_cannot_be_is_refused(price_usd: float):
    assert "The device's price" in Cell(price_usd=price_usd).reason()


def test_without_a_measured_time_there_is_no_cost_and_the_metric_is_named():
    assert "latency_p50_ms" in Cell(metrics={}).reason()
    assert (
        "decode_tokens_per_s" in Cell(task="llm", format="gguf", metrics=rows(WRITER["prefill_tokens_per_s"])).reason()
    )
    assert "must be greater than zero" in Cell(metrics=rows(row("latency_mean_ms", 0.0))).reason()


def test_the_mean_is_the_service_time_and_the_median_stands_in():
    both = rows(row("latency_mean_ms", 20.0), row("latency_p50_ms", 10.0))
    assert "latency_mean_ms" in Cell(metrics=both).view().inputs["time of one inference"]
    assert Cell(metrics=rows(row("latency_p50_ms", 10.0))).view().inputs["time of one inference"].startswith("10 ms")


def test_a_volume_beyond_one_device_takes_several_and_says_so():
    slow = rows(row("latency_mean_ms", 100_000.0))
    view = Cell(metrics=slow).view()
    assert view.inputs["devices"].startswith("2 (assumed: one can do 864 inferences a day")
    assert view.edge_usd == pytest.approx(0.2)


def test_break_even_beyond_what_the_device_can_do_is_never():
    view = Cell(metrics=rows(row("latency_mean_ms", 1_000_000.0))).view()
    assert (view.break_even_per_day, view.break_even_kind) == (None, "never")


def test_a_baseline_without_a_price_leaves_the_edge_and_claims_nothing():
    scenario = Scenario(baselines={"llm": TokenBaseline("groq", "no-such-model")})
    view = Cell(task="llm", format="gguf", metrics=WRITER, scenario=scenario).view()
    assert view.edge_usd > 0
    assert (view.cloud_usd, view.break_even_kind) == (None, "unknown")
    assert "no-such-model" in view.cloud_basis
    assert view.verdict == "No verdict: the cloud baseline has no price."


def test_the_edge_is_called_cheaper_only_with_the_power_that_would_turn_it():
    """At the shortest lifetime the board costs 0.15 USD a day, Rekognition 1.00: 0.85 USD buys 5.15 kWh, 215 W."""
    verdict = Cell(idle_w=3.0).view().verdict
    assert verdict.startswith("Edge cheaper at this volume (fixed part only; energy not counted) while")
    assert "$0.85 a day, as power 215 W" in verdict


@pytest.mark.parametrize("usd_per_kwh", [1e-9, 1e-30, 1e-302, 5e-324])
def test_a_tariff_of_next_to_nothing_still_has_a_verdict(usd_per_kwh: float):
    assert Cell(scenario=Scenario(tariff_usd_per_kwh=usd_per_kwh)).view().verdict.startswith("Edge cheaper")


def test_no_verdict_stands_where_idling_alone_could_turn_it():
    scenario = Scenario(baselines={"other": InstanceBaseline("aws-t4g-nano")})
    cell = Cell(task="other", price_usd=60.0, idle_w=9.0, scenario=scenario)
    assert cell.view().verdict.startswith("Undecided at this volume")
    assert "modelled" in cell.view().inputs["idle power, in no bill"]


def test_several_devices_idle_several_times():
    """Two boards of 30 USD beside a t4g.nano leave 4.7 W; two that idle at 3 W take 6."""
    scenario = Scenario(baselines={"other": InstanceBaseline("aws-t4g-nano")})
    slow = rows(row("latency_mean_ms", 100_000.0))
    verdicts = [
        Cell(task="other", metrics=slow, price_usd=30.0, idle_w=idle_w, scenario=scenario).view().verdict
        for idle_w in (2.0, 3.0)
    ]
    assert verdicts[0].startswith("Edge cheaper")
    assert verdicts[1].startswith("Undecided")


def test_there_is_no_winner_where_the_lifetime_alone_decides():
    """t4g.nano: 0.1008 USD a day; a board of 100 USD: 0.055 to 0.137 within 2 to 5 years."""
    scenario = Scenario(baselines={"other": InstanceBaseline("aws-t4g-nano")})
    verdict = Cell(task="other", price_usd=100.0, scenario=scenario).view().verdict
    assert verdict.startswith("No clear winner at this volume: $0.0548 to 0.137 a day on the edge against $0.101")


def test_the_cloud_is_called_cheaper_only_beyond_what_its_tokenizer_could_add():
    at_most = Scenario(answers_per_day=1000.0)
    near = Cell(task="llm", format="gguf", metrics=WRITER, price_usd=109.5, scenario=at_most).view()
    far = Cell(task="llm", format="gguf", metrics=WRITER, price_usd=1095.0, scenario=at_most).view()
    assert near.verdict.startswith("No clear winner")
    assert far.verdict.startswith("Cloud cheaper")


def test_every_input_tells_its_origin_and_a_price_its_date():
    view = Cell(idle_w=2.8).view()
    assert view.inputs["daily volume"] == "1,000 inferences (assumed)"
    assert view.inputs["board price"] == "109.5 USD (entered: a shop, 2026-11)"
    assert view.inputs["lifetime"].startswith("3 years (assumed")
    assert view.inputs["time of one inference"] == "20 ms (measured: latency_mean_ms)"
    assert view.inputs["cloud price"].endswith("2026-10-07)")
    assert view.inputs["tariff"].endswith("2025-06-30)")
    in_two_years = Cell(now_s=datetime(2027, 7, 1, tzinfo=UTC).timestamp()).view()
    assert in_two_years.inputs["tariff"].endswith("2025-06-30, stale)")
    assert load_catalogue().sha256 in view.inputs["price catalogue"]


def test_a_tariff_in_another_currency_needs_a_dated_exchange_rate():
    assert "no exchange rate" in Cell(scenario=Scenario(tariff_id="tariff-de-household")).reason()
    rate = ExchangeRate("EUR", 1.1, date(2026, 11, 20))
    scenario = Scenario(tariff_id="tariff-de-household", exchange_rates=(rate,))
    metrics = {**FAST, **rows(row("energy_per_inference_j", 3600.0, "wall_ac"))}
    view = Cell(metrics=metrics, scenario=scenario).view()
    assert view.edge_parts_usd["energy"] == pytest.approx(0.3835 * 1.1)
    assert view.inputs["exchange rate"] == "1.1 USD per EUR (entered, 2026-11-20)"


def test_maintenance_is_counted_when_it_is_entered():
    view = Cell(scenario=Scenario(maintenance_usd_per_year=36.5)).view()
    assert view.edge_parts_usd == {"hardware": pytest.approx(0.1), "maintenance": pytest.approx(0.1)}
    assert "edge: maintenance" not in view.not_counted


def test_the_price_package_is_not_loaded_until_a_language_model_needs_it():
    code = "import sys, edgeprof_hub.cost.cell; print('genai_prices' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
