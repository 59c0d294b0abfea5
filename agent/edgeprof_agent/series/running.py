"""Runs the turns of a series one after the other: tells where it stands, keeps each result, survives a failed run."""

import socket
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from edgeprof.compare.sources import Run
from edgeprof.errors import EdgeprofError
from edgeprof.wire import identity
from edgeprof.wire.messages import ArtifactRef, Failure, ModelRef, Result
from edgeprof_agent.measuring.measure import header_of, measure
from edgeprof_agent.measuring.reporting import failed_early
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.series.host import Host
from edgeprof_agent.series.interleaving import Turn
from edgeprof_agent.series.setups import Setup
from edgeprof_agent.series.storage import Keeper
from edgeprof_agent.telemetry.gate import HeatGate
from edgeprof_agent.worker_protocol.progress import OnProgress

_LOG_KEPT = 4096


class RunOutcome(NamedTuple):
    """A result and its artifacts by SHA-256."""

    result: Result
    artifacts: dict[str, bytes]


@dataclass
class SeriesState:
    """What is known of a series so far: the outcomes of each set-up in time order, and whether somebody stopped it."""

    setups: Sequence[Setup]
    turns: Sequence[Turn]
    outcomes: dict[int, list[RunOutcome]] = field(default_factory=lambda: {})
    interrupted: bool = False

    def measured(self, setup: int) -> list[Run]:
        """The runs of a set-up that can be compared."""
        return [
            _run(f"{self.setups[setup].label}, run {number}", outcome)
            for number, outcome in enumerate(self.outcomes.get(setup, []), 1)
            if outcome.result.status == "measured"
        ]

    def failed(self, setup: int) -> list[Result]:
        """The runs of a set-up that failed."""
        results = [outcome.result for outcome in self.outcomes.get(setup, [])]
        return [result for result in results if result.status != "measured"]

    @property
    def done(self) -> int:
        """How many runs ended, measured or failed."""
        return sum(len(outcomes) for outcomes in self.outcomes.values())


def measure_once(setup: Setup, host: Host, on_progress: OnProgress) -> RunOutcome:
    """One run on this machine, or on the recorded one that it plays."""
    if host.replay is None:
        return RunOutcome(*measure(request_of(setup, host), on_progress, threading.Event()))
    from edgeprof_agent.recorded.player import Player

    with Player(host.replay) as player:
        request = replace(request_of(setup, host), device_id=player.name, replays=player.name)
        heat = HeatGate()  # of the recorded machine: what this one has run does not count
        return RunOutcome(
            *measure(request, player.watching(on_progress), threading.Event(), root=player.root, gate=heat)
        )


def request_of(setup: Setup, host: Host) -> MeasureRequest:
    """The host's name stands for the device id that an agent would have; of a served model, its endpoint's."""
    manifest = setup.file.manifest
    endpoint = host.endpoint if setup.file.format == "served" else None
    return MeasureRequest(
        result_id=identity.new_id(),
        job_id=None,
        attempt=1,
        device_id=endpoint.host if endpoint else socket.gethostname(),
        model=ModelRef(
            model_id=identity.model_id(manifest), name=manifest.entry, format=setup.file.format, manifest=manifest
        ),
        model_dir=setup.file.folder,
        config=setup.config,
        protocol=setup.protocol,
        emulated=False,
        memory_limit_mib=host.memory_limit_mib,
        cores=None,
        sandbox=host.sandbox,
        meters=host.meters,
        endpoint=endpoint,
    )


def run_series(
    series: SeriesState,
    once: Callable[[Setup, OnProgress], RunOutcome],
    keeper: Keeper,
    tell: OnProgress,
    pause: Callable[[], None] | None = None,
) -> SeriesState:
    """Every turn, or as many as there were before Ctrl-C; the run that it hit is dropped.

    Whatever one run raises is a failed run, and the series goes on. A run that cannot be saved ends it
    (EdgeprofError); its figures are in the series all the same.
    """
    try:
        for turn in series.turns:
            if pause is not None and turn.number > 1:
                pause()
            setup = series.setups[turn.setup]
            place = _place(turn, series)
            tell(place, None, setup.label)
            outcome = _survived(once, setup, _prefixed(tell, place, setup.label))
            try:
                keeper.keep(setup, turn.repeat, *outcome)
            except EdgeprofError:
                series.outcomes.setdefault(turn.setup, []).append(outcome)
                raise
            series.outcomes.setdefault(turn.setup, []).append(outcome)
            if outcome.result.failure is not None:
                tell(f"run {turn.number} failed", None, f"{setup.label}: {outcome.result.failure.code}")
    except KeyboardInterrupt:
        series.interrupted = True
    return series


def _survived(once: Callable[[Setup, OnProgress], RunOutcome], setup: Setup, on_progress: OnProgress) -> RunOutcome:
    try:
        return once(setup, on_progress)
    except Exception as error:
        problem = error.message if isinstance(error, EdgeprofError) else f"edgeprof itself failed: {error!r}"
        log = "".join(traceback.format_exception(error))[-_LOG_KEPT:]
        failure = Failure(stage="start", code="internal_error", message=problem, log=log)
        return RunOutcome(failed_early(header_of(request_of(setup, Host())), failure), {})


def _place(turn: Turn, series: SeriesState) -> str:
    blocks = f", block {turn.block} of {series.turns[-1].block}" if len(series.setups) > 1 else ""
    return f"run {turn.number} of {len(series.turns)}{blocks}"


def _prefixed(tell: OnProgress, place: str, label: str) -> OnProgress:
    return lambda stage, fraction, note: tell(place, fraction, f"{label}: {stage.replace('_', ' ')}")


def _run(name: str, outcome: RunOutcome) -> Run:
    def fetch(ref: ArtifactRef) -> bytes | None:
        return outcome.artifacts.get(ref.sha256)

    return Run(name, outcome.result, fetch)
