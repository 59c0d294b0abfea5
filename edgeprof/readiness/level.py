"""A service level: what a use demands of a model on a device. Every limit may be absent; then nothing is demanded."""

from dataclasses import dataclass, fields
from typing import Literal

from edgeprof.wire.metrics import METRICS

Arrivals = Literal["paced", "random"]
"""`paced`: a camera, or a client that waits for its answer. `random`: requests of independent people (Poisson)."""

MIN_SOAK_S = 600.0
"""A rate is sustained from a soak of this length on: the least duration of a run in MLPerf Inference
(mlcommons/inference, loadgen/mlperf.conf: `*.SingleStream.min_duration = 600000` ms)."""
DEFAULT_UTILISATION = 0.7
"""Share of a device's capacity that the load may take. The rest absorbs what a measurement does not show."""


TITLES = {
    "rate_per_s": "Rate, requests/s",
    "tokens_per_s": "Rate, tokens/s",
    "users": "Users",
    "context_tokens": "Context, tokens",
    "arrivals": "Arrivals",
    "p50_ms": "p50, ms",
    "p90_ms": "p90, ms",
    "p95_ms": "p95, ms",
    "p99_ms": "p99, ms",
    "ttft_ms": "TTFT, ms",
    "power_w": "Power, W",
    "energy_j": "Energy, J",
    "memory_mib": "Memory, MiB",
    "quality_metric": "Quality metric",
    "quality": "Quality",
    "usd_per_1000": "Cost per 1,000, $",
    "usd_per_1m_tokens": "Cost per 1M tokens, $",
    "sustained_s": "Sustained, s",
}
"""Of a level's fields, as messages and forms name them."""


@dataclass(frozen=True, kw_only=True)
class ServiceLevel:
    """Limits of one use. Rates are of one user; `load_per_s` is of all of them.

    >>> ServiceLevel(rate_per_s=30, users=2).load_per_s
    60
    """

    rate_per_s: float | None = None
    """Requests or frames a second, of each user."""
    tokens_per_s: float | None = None
    """Generated tokens a second, of each user."""
    users: int = 1
    context_tokens: int | None = None
    """Tokens of prompt or context at which a language model must hold its limits."""
    arrivals: Arrivals = "paced"
    p50_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    ttft_ms: float | None = None
    power_w: float | None = None
    energy_j: float | None = None
    """Of one inference, or of one generated token."""
    memory_mib: float | None = None
    quality_metric: str = "accuracy_percent"
    quality: float | None = None
    """The least (or, for error rates, the greatest) value of the quality metric, in its unit."""
    usd_per_1000: float | None = None
    """Of 1,000 inferences."""
    usd_per_1m_tokens: float | None = None
    sustained_s: float | None = None
    """The rate must hold this long. None: no length is demanded, and full readiness rests on `MIN_SOAK_S`."""

    @property
    def load_per_s(self) -> float | None:
        """Requests, or tokens, a second of all users together; None where no rate is demanded."""
        rate = self.rate_per_s if self.tokens_per_s is None else self.tokens_per_s
        return None if rate is None else rate * self.users

    @property
    def is_of_language(self) -> bool:
        """Whether only a model that writes tokens can meet it."""
        asked = (self.tokens_per_s, self.ttft_ms, self.context_tokens, self.usd_per_1m_tokens)
        return any(value is not None for value in asked)

    @property
    def is_of_inference(self) -> bool:
        """Whether only a model that answers at once can meet it."""
        return self.rate_per_s is not None or self.usd_per_1000 is not None

    @property
    def is_empty(self) -> bool:
        """Whether it demands nothing."""
        known = ("users", "arrivals", "quality_metric", "context_tokens", "sustained_s")
        return all(getattr(self, each.name) is None for each in fields(self) if each.name not in known)

    @property
    def lines(self) -> tuple[str, ...]:
        """What was understood, one limit a line.

        >>> ServiceLevel(rate_per_s=30, p95_ms=33).lines
        ('30 requests/s (paced arrivals)', 'p95 at most 33 ms')
        """
        return tuple(line for line in (*_load_lines(self), *_limit_lines(self)) if line)


def _load_lines(level: ServiceLevel) -> list[str]:
    each = f" for each of {level.users:,} users" if level.users > 1 else ""
    lines: list[str] = []
    if level.rate_per_s is not None:
        total = f", {level.rate_per_s * level.users:g}/s together" if level.users > 1 else ""
        lines.append(f"{level.rate_per_s:g} requests/s{each}{total} ({level.arrivals} arrivals)")
    if level.tokens_per_s is not None:
        total = f", {level.tokens_per_s * level.users:g} tokens/s together" if level.users > 1 else ""
        lines.append(f"{level.tokens_per_s:g} tokens/s{each}{total}")
    if level.context_tokens is not None:
        lines.append(f"at {level.context_tokens:,} tokens of context")
    if level.sustained_s is not None:
        lines.append(f"sustained for {level.sustained_s:g} s")
    return lines


def _limit_lines(level: ServiceLevel) -> list[str]:
    quality = METRICS[level.quality_metric]
    least = "at most" if quality.better == "lower" else "at least"
    named = (
        (level.p50_ms, "p50 at most {:g} ms"),
        (level.p90_ms, "p90 at most {:g} ms"),
        (level.p95_ms, "p95 at most {:g} ms"),
        (level.p99_ms, "p99 at most {:g} ms"),
        (level.ttft_ms, "TTFT at most {:g} ms"),
        (level.power_w, "power at most {:g} W"),
        (level.energy_j, "energy at most {:g} J"),
        (level.memory_mib and _rounded(level.memory_mib), "peak memory at most {:,.9g} MiB"),
        (level.quality, f"{quality.title} {least} {{:g}} {quality.unit}"),
        (level.usd_per_1000, "cost at most ${:g} per 1,000 inferences"),
        (level.usd_per_1m_tokens, "cost at most ${:g} per 1M tokens"),
    )
    return [text.format(value).rstrip() for value, text in named if value is not None]


def _rounded(value: float) -> float:
    """To three digits below 1,000, to a whole number from there.

    >>> _rounded(100_000 / 2**20), _rounded(1234.5)
    (0.0954, 1234.0)
    """
    return float(f"{value:.3g}") if value < 1000 else float(round(value))
