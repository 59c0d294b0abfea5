"""What one unit of work is for a model, how long it takes and what energy it was measured to need."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from edgeprof.wire.messages import MetricRow
from edgeprof_hub.cost.formulas import CostError, above_zero, at_least_zero, exact, wall_j
from edgeprof_hub.cost.inputs import Input, plain, rounded
from edgeprof_hub.cost.kind import WorkKind
from edgeprof_hub.cost.scenario import Scenario

AC_SCOPE = "wall_ac"
WHOLE_DEVICE_SCOPES = (AC_SCOPE, "dc_input", "battery_gauge")
"""Every other scope covers a part of the device, so that its joules are a lower bound."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """The unit of work: `per_unit` pieces (inferences, or answers) are one unit of the figure that is shown."""

    unit: str
    piece: str
    per_unit: Decimal
    per_day: Decimal
    service_s: Decimal
    inputs: tuple[Input, ...]


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Energy of one piece of work at the wall, gross; None where none was measured. `missing`: what it leaves out."""

    wall_j: Decimal | None
    inputs: tuple[Input, ...]
    missing: tuple[str, ...]


def work_of(kind: WorkKind, is_language: bool, metrics: Mapping[str, MetricRow], scenario: Scenario) -> Work:
    """What one piece is, and how long it takes. `is_language`: the run measured rates, not the time of an inference."""
    if not is_language:
        return inference_work(metrics, scenario)
    return reading_work(metrics, scenario) if kind == "reading" else answer_work(metrics, scenario)


def energy_of(kind: WorkKind, is_language: bool, metrics: Mapping[str, MetricRow], scenario: Scenario) -> Energy:
    """Its energy."""
    if not is_language:
        return inference_energy(metrics, scenario)
    # What was measured for a written token says nothing of a token that is read.
    return _energy(None, Decimal(1), scenario, ()) if kind == "reading" else answer_energy(metrics, scenario)


def inference_work(metrics: Mapping[str, MetricRow], scenario: Scenario) -> Work:
    """A model that gives one answer at once."""
    row = metrics.get("latency_mean_ms") or _needed(metrics, "latency_p50_ms")
    service_s = _positive(row) / 1000
    volume = Input(name="daily volume", value=f"{plain(scenario.inferences_per_day)} inferences", origin="assumed")
    return Work(
        unit="1,000 inferences",
        piece="inferences",
        per_unit=Decimal(1000),
        per_day=above_zero(scenario.inferences_per_day, "The daily volume"),
        service_s=service_s,
        inputs=(volume, _measured("time of one inference", f"{rounded(service_s * 1000)} ms", row)),
    )


def reading_work(metrics: Mapping[str, MetricRow], scenario: Scenario) -> Work:
    """A language model that only reads: a text, at the measured rate."""
    prefill, read = _needed(metrics, "prefill_tokens_per_s"), Decimal(scenario.input_tokens)
    return Work(
        unit="1,000 inferences",
        piece="inferences",
        per_unit=Decimal(1000),
        per_day=above_zero(scenario.inferences_per_day, "The daily volume"),
        service_s=above_zero(read, "The number of tokens that are read") / _positive(prefill),
        inputs=(
            Input(name="daily volume", value=f"{plain(scenario.inferences_per_day)} inferences", origin="assumed"),
            _measured("prefill", f"{rounded(_positive(prefill))} tokens/s", prefill),
        ),
    )


def answer_work(metrics: Mapping[str, MetricRow], scenario: Scenario) -> Work:
    """A language model: one answer is reading the prompt and writing the reply, at the two measured rates."""
    prefill, decode = _needed(metrics, "prefill_tokens_per_s"), _needed(metrics, "decode_tokens_per_s")
    read, written = Decimal(scenario.input_tokens), Decimal(scenario.output_tokens)
    tokens = above_zero(read + written, "The number of tokens in an answer")
    shape = f"{read} tokens in and {written} out; 1M tokens are of both, in this proportion"
    return Work(
        unit="1M tokens",
        piece="answers",
        per_unit=1_000_000 / tokens,
        per_day=above_zero(scenario.answers_per_day, "The daily volume"),
        service_s=read / _positive(prefill) + written / _positive(decode),
        inputs=(
            Input(name="daily volume", value=f"{plain(scenario.answers_per_day)} answers", origin="assumed"),
            Input(name="an answer", value=shape, origin="assumed"),
            _measured("prefill", f"{rounded(_positive(prefill))} tokens/s", prefill),
            _measured("decode", f"{rounded(_positive(decode))} tokens/s", decode),
        ),
    )


def inference_energy(metrics: Mapping[str, MetricRow], scenario: Scenario) -> Energy:
    """Energy of one inference where it was measured."""
    return _energy(metrics.get("energy_per_inference_j"), Decimal(1), scenario, ())


def answer_energy(metrics: Mapping[str, MetricRow], scenario: Scenario) -> Energy:
    """Energy of writing one answer where it was measured. What reading the prompt takes is not in the figure."""
    missing = ("energy of reading the prompt",)
    return _energy(metrics.get("energy_per_token_j"), Decimal(scenario.output_tokens), scenario, missing)


def _energy(row: MetricRow | None, times: Decimal, scenario: Scenario, missing: tuple[str, ...]) -> Energy:
    if row is None or row.origin != "measured":
        return Energy(wall_j=None, inputs=(), missing=("energy (none was measured in this run)",))
    sensor_j = at_least_zero(exact(row.value, row.metric), "Measured energy")
    inputs = [_measured("energy", f"{rounded(sensor_j)} J, scope {row.scope or 'not stated'}", row)]
    if row.scope != AC_SCOPE:
        inputs.append(Input(name="supply efficiency", value=plain(scenario.supply_efficiency), origin="assumed"))
    efficiency = Decimal(1) if row.scope == AC_SCOPE else scenario.supply_efficiency
    if row.scope not in WHOLE_DEVICE_SCOPES:
        missing = (*missing, f"energy outside {row.scope or 'the unstated scope of the meter'}")
    return Energy(
        wall_j=wall_j(sensor_j * times, efficiency),
        inputs=tuple(inputs),
        missing=(*missing, "idle power between runs"),
    )


def _needed(metrics: Mapping[str, MetricRow], name: str) -> MetricRow:
    row = metrics.get(name)
    if row is None:
        raise CostError("cost_not_measured", f"This run has no {name}, so how much the device can do is not known.")
    return row


def _positive(row: MetricRow) -> Decimal:
    return above_zero(exact(row.value, row.metric), row.metric)


def _measured(name: str, value: str, row: MetricRow) -> Input:
    return Input(name=name, value=value, origin=row.origin, source=row.metric)
