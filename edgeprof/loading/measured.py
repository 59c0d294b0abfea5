"""A rate asked of a model on this machine: one short run with an open loop."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from edgeprof.errors import EdgeprofError
from edgeprof.loading.search import Level, Response
from edgeprof.wire.messages import Result

QUANTILES = {0.5: "response_p50_ms", 0.95: "response_p95_ms", 0.99: "response_p99_ms"}
_P90_OF_NORMAL = 1.2816
_SEED = 20_261_123
_SHORT: dict[str, object] = {"window_s": 0.2, "precision": 1.0, "warmup_limit_s": 2.0, "cold_start": False}
"""The closed loop before the open one: long enough to see a worker that has not settled."""

Tell = Callable[[str, float | None, str], None]


@dataclass(frozen=True, kw_only=True)
class Unloaded:
    """The model without a queue. `spread`: the standard deviation of its time over the mean, from p50 and p90."""

    mean_ms: float
    p50_ms: float
    spread: float
    result: Result


@dataclass(frozen=True)
class Server:
    """A model with its settings, asked at rates. `results` collects every run."""

    model: Path
    options: Mapping[str, object]
    tell: Tell
    results: list[Result]

    def unloaded(self) -> Unloaded:
        """One run in a closed loop. Raises EdgeprofError with its failure."""
        result = self._run({})
        values = {row.metric: row.value for row in result.metrics}
        mean, p50, p90 = values["latency_mean_ms"], values["latency_p50_ms"], values.get("latency_p90_ms")
        spread = max(0.0, ((p90 or p50) - p50) / (_P90_OF_NORMAL * mean))
        return Unloaded(mean_ms=mean, p50_ms=p50, spread=spread, result=result)

    def ask(self, level: Level, rate_per_s: float, requests: int, run: int) -> Response:
        """One run at a rate. Raises EdgeprofError with its failure."""
        asked = {"arrival_rate_per_s": rate_per_s, "open_loop_requests": requests, "seed": _SEED + run, **_SHORT}
        result = self._run(asked)
        loop = result.open_loop
        if loop is None:
            raise EdgeprofError("no_open_loop", "This runtime sends no requests at a rate. Use ONNX Runtime or LiteRT.")
        row = next((row for row in result.metrics if row.metric == QUANTILES[level.quantile]), None)
        return Response(
            value_ms=row.value if row else None,
            low_ms=row.ci_low if row else None,
            high_ms=row.ci_high if row else None,
            n=loop.n,
            unanswered=loop.unanswered,
            kept_up=loop.kept_up,
        )

    def _run(self, asked: Mapping[str, object]) -> Result:
        agent: Any = import_module("edgeprof_agent.series.from_python")
        outcome = agent.measure_models([self.model], {"energy": False, **self.options, **asked}, 1, 0, self.tell)[0]
        if isinstance(outcome, EdgeprofError):
            raise outcome
        result: Result = outcome[0][0]
        if result.failure is not None:
            raise EdgeprofError("load_failed", f"A run failed: {result.failure.message} [{result.failure.code}]")
        self.results.append(result)
        return result
