"""Compares two builds on this machine: interleaved runs, each in its build's own interpreter, and their verdict."""

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edgeprof.bisecting.course import Unusable
from edgeprof.bisecting.judging import Ratio, ratio_of
from edgeprof.compare.report import report_on
from edgeprof.compare.sources import Run, Series
from edgeprof.errors import EdgeprofError
from edgeprof.statistics.estimate import Estimate
from edgeprof.statistics.verdict import Verdict, compare
from edgeprof.wire.messages import Result
from edgeprof_agent.bisecting.builds import Build
from edgeprof_agent.runtimes.registry import setting_of_python
from edgeprof_agent.series.host import Host
from edgeprof_agent.series.interleaving import interleaved
from edgeprof_agent.series.running import measure_once
from edgeprof_agent.worker_protocol.progress import OnProgress

Metric = Literal["latency", "ttft", "prefill", "decode", "memory", "energy"]
"""All but the last two are times of a run's samples. Latency of a language model is the time between tokens."""
SingleFigure = Literal["memory", "energy"]
_SERIES: dict[str, Series | None] = {"latency": None, "ttft": "ttft", "prefill": "prefill", "decode": "decode"}
_ROWS: dict[SingleFigure, tuple[str, ...]] = {
    "memory": ("peak_memory_mib",),
    "energy": ("energy_per_inference_j", "energy_per_token_j"),
}
"""Metrics that a run has one figure of: the first of these rows that it has."""


_MAX_REASON_CHARS = 200


@dataclass
class _Pair:
    """The runs of two builds so far, in time order."""

    base: list[Run] = field(default_factory=lambda: [])
    candidate: list[Run] = field(default_factory=lambda: [])


class MeasuringBench:
    """A `Bench` that runs models. `on_progress` is told what runs now."""

    def __init__(self, builds: Sequence[Build], metric: Metric, host: Host, seed: int, on_progress: OnProgress) -> None:
        self._builds = builds
        self._metric = metric
        self._host = host
        self._seed = seed
        self._on_progress = on_progress
        self._pairs: dict[tuple[int, int], _Pair] = {}

    def compare(self, base: int, candidate: int, repeats: int) -> Ratio:
        """The candidate's figure over the base's. Raises Unusable, EdgeprofError `bisect_end_unusable`."""
        pair = self._pairs.setdefault((base, candidate), _Pair())
        good, other = self._builds[base], self._builds[candidate]
        try:
            python = good.interpreter()
        except Unusable as error:
            raise _base_unusable(good, str(error)) from error
        others = other.interpreter()
        missing = repeats - len(pair.base)
        for turn in interleaved(2, missing, self._seed + len(pair.base)) if missing > 0 else ():
            if turn.setup == 0:
                pair.base.append(self._run(good, python, is_base=True))
            else:
                pair.candidate.append(self._run(other, others, is_base=False))
        ratio = ratio_of(self._verdict(pair))
        if ratio is None:
            raise EdgeprofError("bisect_no_verdict", f"{good.label} and {other.label} cannot be compared.")
        return ratio

    def _run(self, build: Build, python: Path | None, *, is_base: bool) -> Run:
        with worker_python_set(build.setup.config.runtime, python):
            result, artifacts = measure_once(build.setup, self._host, self._told(build))
        if result.status != "measured":
            failure = result.failure
            reason = f"{failure.code}: {_first_line(failure.message)}" if failure else "its run failed"
            if is_base:
                raise _base_unusable(build, reason)
            raise Unusable(f"its run failed with {reason.rstrip('.')}")
        return Run(build.label, result, lambda ref: artifacts.get(ref.sha256))

    def _told(self, build: Build) -> OnProgress:
        return lambda stage, share, note: self._on_progress(f"{build.label}: {stage}", share, note)

    def _verdict(self, pair: _Pair) -> Verdict:
        metric = self._metric
        if metric != "memory" and metric != "energy":
            verdict = report_on(pair.base, pair.candidate, _SERIES[metric]).verdict
            if verdict.ratio is None:
                raise EdgeprofError("bisect_no_verdict", f"No verdict here: {verdict.reason}.")
            return verdict
        sides = [[figure(run.result, metric) for run in side] for side in (pair.base, pair.candidate)]
        return compare(sides[0], sides[1])


def figure(result: Result, metric: SingleFigure) -> Estimate:
    """A run's memory or energy. Raises EdgeprofError `nothing_to_compare` with the reason why it has none."""
    for name in _ROWS[metric]:
        row = next((row for row in result.metrics if row.metric == name), None)
        if row is not None and row.value > 0:
            low, high = row.ci_low or row.value, row.ci_high or row.value
            return Estimate(row.value, low, high)
    reasons = [absent.reason for absent in result.absent if absent.metric in _ROWS[metric]]
    raise EdgeprofError(
        "nothing_to_compare",
        f"{result.model_name} has no {metric}: {reasons[0] if reasons else 'it was not measured'}.",
    )


@contextmanager
def worker_python_set(runtime: str, python: Path | None) -> Generator[None]:
    """Within it, workers of a runtime start with this interpreter, by the variable that a user would set."""
    if python is None:
        yield
        return
    name = setting_of_python(runtime)
    before = os.environ.get(name)
    os.environ[name] = str(python)
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _first_line(text: str) -> str:
    """A runtime's own words may hold a source file and a list of types."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= _MAX_REASON_CHARS else f"{line[: _MAX_REASON_CHARS - 1]}…"


def _base_unusable(build: Build, reason: str) -> EdgeprofError:
    return EdgeprofError(
        "bisect_end_unusable", f"{build.label} cannot be tried: {reason.rstrip('.')}. Name another end with --good."
    )
