"""Short runs of candidates by the measuring path, saved one by one; a trial that is saved is not run again."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from edgeprof.modelfiles import ModelFile
from edgeprof.tuning.goals import Goal, figure_of, time_ms
from edgeprof.tuning.scores import Trial
from edgeprof.tuning.space import Candidate
from edgeprof.wire.messages import RunConfig, RunProtocol
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.series.host import Host
from edgeprof_agent.series.running import RunOutcome, request_of
from edgeprof_agent.series.setups import Setup
from edgeprof_agent.tuning.storage import TuningState, save_state
from edgeprof_agent.worker_protocol.progress import OnProgress

SHORT = RunProtocol(
    warmup_runs=2,
    warmup_limit_s=0.5,
    window_s=0.15,
    window_limit_s=0.6,
    min_runs=5,
    precision=0.01,
    cold_start=False,
    energy=False,
    window_only=True,
)
"""Of a run in the search: its median is compared with the baseline's of the same minute, not published."""
LONGER = replace(SHORT, warmup_limit_s=1.0, window_s=0.5, window_limit_s=2.0)
"""Of a run in the last comparison."""

Measure = Callable[[Setup, OnProgress], RunOutcome]


class _Clock:
    """How long a run takes, without the wait for somebody else's measurement: that is no cost of a tuning."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()

    def tell(self, stage: str, fraction: float | None, note: str) -> None:
        """The first stage behind the machine's lock is `verify`."""
        if stage == "verify":
            self._started_s = time.monotonic()

    @property
    def seconds(self) -> float:
        """So far."""
        return time.monotonic() - self._started_s


@dataclass(kw_only=True)
class Trials:
    """The runs of one tuning. `base`: what all candidates have in common."""

    file: ModelFile
    base: RunConfig
    goal: Goal
    batch_symbol: str | None
    state: TuningState
    state_path: Path
    measure: Measure
    show: OnProgress
    """Shows where the tuning stands: a line a run."""
    deadline_s: float = 300.0

    def once(self, candidate: Candidate, stage: str, block: int, attempt: int = 1) -> Trial:
        """A saved trial, or a run that is saved."""
        place = (candidate.key, stage, block, attempt)
        for trial in self.state.trials:
            if (trial.candidate, *trial.place) == place:
                return trial
        trial = self._run(candidate, stage, block, attempt)
        self.state.trials.append(trial)
        save_state(self.state_path, self.state)
        return trial

    def setup(self, candidate: Candidate, protocol: RunProtocol = SHORT) -> Setup:
        """A candidate as a set-up of a series."""
        dims = {self.batch_symbol: candidate.batch} if self.batch_symbol and candidate.batch > 1 else {}
        config = replace(
            self.base,
            runtime=candidate.runtime,
            threads=candidate.threads or self.base.threads,
            settings={**self.base.settings, **candidate.settings},
            dims={**self.base.dims, **dims},
        )
        protocol = replace(protocol, deadline_s=self.deadline_s, energy=self.goal.needs_energy)
        return Setup(file=self.file, config=config, protocol=protocol, label=candidate.key, folder=candidate.key)

    def request(self, candidate: Candidate) -> MeasureRequest:
        """What measuring it would be asked."""
        return request_of(self.setup(candidate), Host())

    def _run(self, candidate: Candidate, stage: str, block: int, attempt: int) -> Trial:
        setup = self.setup(candidate, LONGER if stage == "final" else SHORT)
        self.show(_place(stage, block, attempt), None, f"run {len(self.state.trials) + 1}, {candidate.key}")
        clock = _Clock()
        result = self.measure(setup, clock.tell).result
        bare = Trial(
            candidate=candidate.key,
            stage=stage,
            block=block,
            attempt=attempt,
            seconds=clock.seconds,
            marks=tuple(mark.cause for mark in result.trust.marks) if result.trust else (),
        )
        if result.failure is not None:
            return replace(bare, failure=f"{result.failure.code}: {result.failure.message}")
        figure = figure_of(self.goal, result, candidate.batch)
        if isinstance(figure, str):
            return replace(bare, failure=f"no figure: {figure}")
        took = time_ms(result)
        took_ms = None if isinstance(took, str) else took.value
        return replace(bare, value=figure.value, low=figure.low, high=figure.high, time_ms=took_ms)


def _place(stage: str, block: int, attempt: int) -> str:
    name = f"round {stage}" if stage.isdigit() else {"first": "first run", "final": "last comparison"}[stage]
    return f"{name}, block {block}{', again' if attempt > 1 else ''}"
