"""What one piece of a model's work is, how long it takes, and what energy it was measured to need."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgeprof.wire.messages import MetricRow
from edgeprof_hub.cost.checks import CostError, above_zero, at_least_zero
from edgeprof_hub.cost.kind import PIECES, WorkKind
from edgeprof_hub.cost.scenario import Scenario
from edgeprof_hub.cost.subject import Subject

AC_SCOPE = "wall_ac"
WHOLE_DEVICE_SCOPES = (AC_SCOPE, "dc_input", "battery_gauge")
"""Every other scope covers a part of the device, so that its joules are a lower bound."""
PER_1000 = "1,000 inferences"
PER_1M_TOKENS = "1M tokens"


@dataclass(frozen=True, kw_only=True)
class Unit:
    """The unit of the figure that is shown: `pieces` (inferences, or answers) are one of it."""

    name: str
    piece: str
    pieces: float


@dataclass(frozen=True, kw_only=True)
class MeasuredQuantity:
    """A quantity of one piece of work and the rows that it was made of: one row times `times`, or several rates."""

    value: float
    rows: tuple[MetricRow, ...]
    times: float = 1.0


def unit_of(subject: Subject, scenario: Scenario) -> Unit:
    """1M tokens are read and written, in the scenario's proportion."""
    if subject.kind != "answer":
        return Unit(name=PER_1000, piece=PIECES[subject.kind], pieces=1000.0)
    tokens = above_zero(scenario.input_tokens + scenario.output_tokens, "The number of tokens in an answer")
    return Unit(name=PER_1M_TOKENS, piece=PIECES["answer"], pieces=1_000_000 / tokens)


def per_day_of(kind: WorkKind, scenario: Scenario) -> float:
    """The assumed daily volume."""
    return scenario.answers_per_day if kind == "answer" else scenario.inferences_per_day


def service_ms(subject: Subject, scenario: Scenario) -> MeasuredQuantity:
    """How long one piece takes: the mean time of an inference, or the scenario's tokens at the measured rates.

    Raises CostError where a figure that it takes was not measured.
    """
    metrics = subject.metrics
    if not subject.is_language:
        row = metrics.get("latency_mean_ms") or _needed(metrics, "latency_p50_ms")
        return MeasuredQuantity(value=above_zero(row.value, row.metric), rows=(row,))
    prefill = _needed(metrics, "prefill_tokens_per_s")
    read_s = scenario.input_tokens / above_zero(prefill.value, prefill.metric)
    if subject.kind == "reading":
        return MeasuredQuantity(value=1000 * above_zero(read_s, "The number of tokens that are read"), rows=(prefill,))
    decode = _needed(metrics, "decode_tokens_per_s")
    written_s = scenario.output_tokens / above_zero(decode.value, decode.metric)
    return MeasuredQuantity(value=1000 * (read_s + written_s), rows=(prefill, decode))


def energy_j(subject: Subject, scenario: Scenario) -> MeasuredQuantity | None:
    """Energy of one piece at the meter, gross; None where none was measured.

    A language model's is that of the tokens that it writes. It says nothing about a model that only reads.
    """
    metric = "energy_per_token_j" if subject.is_language else "energy_per_inference_j"
    row = subject.metrics.get(metric)
    if row is None or row.origin != "measured" or (subject.is_language and subject.kind == "reading"):
        return None
    times = float(scenario.output_tokens) if subject.is_language else 1.0
    return MeasuredQuantity(value=at_least_zero(row.value, "Measured energy") * times, rows=(row,), times=times)


def energy_left_out(subject: Subject, energy: MeasuredQuantity | None) -> tuple[str, ...]:
    """What the measured energy does not cover."""
    if energy is None:
        return ("energy (not measured in this run)",)
    scope = energy.rows[0].scope
    outside = () if scope in WHOLE_DEVICE_SCOPES else (f"energy outside {scope or 'the unstated scope of the meter'}",)
    reading = ("energy of reading the prompt",) if subject.is_language else ()
    return (*reading, *outside, "idle power between runs")


def _needed(metrics: Mapping[str, MetricRow], name: str) -> MetricRow:
    row = metrics.get(name)
    if row is None:
        raise CostError("cost_not_measured", f"This run did not measure {name}: the device's capacity is unknown.")
    return row
