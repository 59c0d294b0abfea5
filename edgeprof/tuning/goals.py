"""What is tuned for: the figure of a run that counts, lower is better, and how a person is told of it. Pure."""

from dataclasses import dataclass
from typing import Literal, get_args

from edgeprof.statistics.estimate import Estimate
from edgeprof.wire.messages import Result

GoalName = Literal["latency", "throughput", "memory", "energy", "cost"]
GOALS: tuple[GoalName, ...] = get_args(GoalName)

_MS_PER_HOUR = 3.6e6
_J_PER_KWH = 3.6e6


@dataclass(frozen=True, kw_only=True)
class Goal:
    """What counts. Prices are for the goal `cost` alone: of an hour of the device, of electricity."""

    name: GoalName
    usd_per_hour: float | None = None
    usd_per_kwh: float | None = None

    @property
    def needs_energy(self) -> bool:
        """Whether each run has to measure energy, which takes 90 s or more."""
        return self.name == "energy" or self.usd_per_kwh is not None

    @property
    def unit(self) -> str:
        """Of the figure."""
        return {
            "latency": "ms",
            "throughput": "ms/item",
            "memory": "MiB",
            "energy": "J",
            "cost": "USD/1,000",
        }[self.name]


def figure_of(goal: Goal, result: Result, batch: int) -> Estimate | str:
    """The figure of a measured run with its interval; a str is the reason why there is none.

    Latency of a language model is that of one request: its prompt, and all tokens that it generates. Throughput is the
    time of an item of the batch. Without an interval of its own, a figure stands for itself.
    """
    if goal.name == "memory":
        return _metric(result, "peak_memory_mib")
    time = time_ms(result)
    if isinstance(time, str) or goal.name == "latency":
        return time
    if goal.name == "throughput":
        return _scaled(time, 1 / batch)
    if goal.name == "energy":
        return _energy_j(result)
    energy_j = _request_j(result) if goal.needs_energy else None
    if isinstance(energy_j, str):
        return energy_j
    hours = _scaled(time, 1e3 * (goal.usd_per_hour or 0.0) / _MS_PER_HOUR / batch)
    if energy_j is None:
        return hours
    return _sum(hours, _scaled(energy_j, 1e3 * (goal.usd_per_kwh or 0.0) / _J_PER_KWH / batch))


def time_ms(result: Result) -> Estimate | str:
    """Of one inference; of a language model, of one request: its prompt, and all tokens that it generates."""
    if not any(row.metric == "decode_tokens_per_s" for row in result.metrics):
        return _metric(result, "latency_p50_ms")
    first, rate = _metric(result, "ttft_ms"), _metric(result, "decode_tokens_per_s")
    if isinstance(first, str) or isinstance(rate, str):
        return first if isinstance(first, str) else str(rate)
    tokens_ms = 1e3 * result.config.decode_tokens
    return _sum(first, Estimate(tokens_ms / rate.value, tokens_ms / rate.high, tokens_ms / rate.low))


def _energy_j(result: Result) -> Estimate | str:
    """Of one inference, or of one generated token."""
    per_token = any(row.metric == "energy_per_token_j" for row in result.metrics)
    return _metric(result, "energy_per_token_j" if per_token else "energy_per_inference_j")


def _request_j(result: Result) -> Estimate | str:
    """Of one inference; of a language model, of the prompt and all that is generated."""
    prompt, decode = _metric(result, "energy_per_prompt_token_j"), _energy_j(result)
    if isinstance(prompt, str) or isinstance(decode, str):
        return decode
    config = result.config
    return _sum(_scaled(prompt, config.prompt_tokens), _scaled(decode, config.decode_tokens))


def _metric(result: Result, name: str) -> Estimate | str:
    row = next((row for row in result.metrics if row.metric == name), None)
    if row is None:
        reason = next((absent.reason for absent in result.absent if absent.metric == name), None)
        return reason or f"the run has no {name}"
    low, high = row.ci_low or row.value, row.ci_high or row.value
    return Estimate(row.value, low, high)


def _scaled(one: Estimate, factor: float) -> Estimate:
    return Estimate(one.value * factor, one.low * factor, one.high * factor)


def _sum(one: Estimate, other: Estimate) -> Estimate:
    return Estimate(one.value + other.value, one.low + other.low, one.high + other.high)
