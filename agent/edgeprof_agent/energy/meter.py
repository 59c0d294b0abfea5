"""Every power source of this machine beside one run: planned by their pace, recorded while the worker loads it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from edgeprof.wire.energy import EnergyRun, PowerSource
from edgeprof.wire.messages import DeviceState, RunProtocol
from edgeprof_agent.energy import calibrations
from edgeprof_agent.energy.analysis import RunContext, energy_run, unused_source
from edgeprof_agent.energy.plan import MIN_WINDOW_S, WINDOW_PERIODS, EnergyPlan, plan_of
from edgeprof_agent.sensors import registry
from edgeprof_agent.sensors.base import TRUST, Recorder, Recording
from edgeprof_agent.worker_protocol.document import EnergyLoad, Measured
from edgeprof_agent.worker_protocol.progress import OnProgress
from edgeprof_agent.worker_protocol.reason import reason_of

if TYPE_CHECKING:
    from edgeprof_agent.meters.setting import MeterSetting

T = TypeVar("T")
STAGE = "energy"
_ROOM_S = 120.0
"""A window ends with a whole generation, which on a slow board takes long."""
NO_SOURCE = "no readable power source on this machine; `edgeprof doctor` lists what each one lacks"
NOT_ASKED = "energy was not requested; --energy measures it, in 90 s or more with a readable power source"
SERVED = "an endpoint does not report its energy, and this machine only sends the requests"
PLAYED = "this machine plays another device, whose power it does not draw"


@dataclass
class EnergyMeter:
    """`ask` goes to the worker; `watching` starts and stops the sources as the worker enters and leaves its stage."""

    recorders: list[Recorder]
    plan: EnergyPlan
    phases: int
    absent: str | None = None
    """Why nothing is read at all."""
    left_out: tuple[tuple[Recorder, str], ...] = ()
    """Sources that are too slow for the plan, or were not heard, each with its reason."""
    _running: bool = field(default=False, init=False)
    _ran: bool = field(default=False, init=False)
    _failed: dict[str, str] = field(default_factory=lambda: {}, init=False)
    """Why a source's recorder is of no use, by its name."""

    @classmethod
    def of(
        cls, protocol: RunProtocol, sources: "Sources", *, text: bool, elsewhere: str | None = None
    ) -> "EnergyMeter":
        """For one run. `elsewhere`: why what is read here would be another machine's power."""
        phases = 2 if text else 1
        absent = elsewhere if protocol.energy else NOT_ASKED
        if absent is None and not sources.recorders and not sources.unheard:
            absent = NO_SOURCE
        if absent is not None:
            return cls([], EnergyPlan(None, {}), phases, absent)
        heard = [each for each in sources.recorders if each.name not in sources.unheard]
        plan = plan_of({each.name: each.period_s for each in heard}, protocol, phases)
        reasons = {**sources.unheard, **plan.too_slow}
        ordered = sorted(sources.recorders, key=lambda each: TRUST.index(each.scope))
        fitting = [each for each in ordered if each.name not in reasons]
        left_out = tuple((each, reasons[each.name]) for each in ordered if each.name in reasons)
        told = "; ".join(f"{each.name}: {why}" for each, why in left_out)
        return cls(fitting, plan, phases, None if fitting else told, left_out)

    @property
    def extra_s(self) -> float:
        """The time that the worker needs beyond its deadline."""
        return 1.2 * self.plan.total_s(self.phases) + _ROOM_S if self.plan.ask else 0.0

    def watching(self, on_progress: OnProgress) -> OnProgress:
        """`on_progress`, with the sources recorded while the worker's stage is `energy`."""

        def told(stage: str, fraction: float | None, note: str) -> None:
            if stage == STAGE:
                self.start()
            else:
                self.stop()
            on_progress(stage, fraction, note)

        return told

    def start(self) -> None:
        """Once."""
        if not self._ran:
            self._ran = self._running = True
            for recorder in self.recorders:
                self._attempt(recorder, recorder.start)

    def stop(self) -> None:
        if self._running:
            self._running = False
            for recorder in self.recorders:
                self._attempt(recorder, recorder.stop)

    def recordings(self) -> list[Recording]:
        """Of those that ran and failed nowhere, the best scope first."""
        if not self._ran:
            return []
        found = [(each, self._attempt(each, each.recording)) for each in self.recorders]
        return [recording for each, recording in found if recording is not None and each.name not in self._failed]

    def _attempt(self, recorder: Recorder, step: Callable[[], T]) -> T | None:
        """A source that fails in a way that nobody foresaw costs its own figures, and nothing else."""
        try:
            return step()
        except Exception as error:
            self._failed.setdefault(recorder.name, f"its recorder failed: {reason_of(error)}")
            return None

    def unused(self) -> tuple[EnergyRun, ...]:
        """The sources that were left out or failed, as runs without a figure."""
        failed = [(each, self._failed[each.name]) for each in self.recorders if each.name in self._failed]
        return tuple(EnergyRun(source=_source_of(each), problem=why) for each, why in (*self.left_out, *failed))

    def runs(
        self, load: EnergyLoad, measured: Measured, before: DeviceState, after: DeviceState, device_id: str | None
    ) -> tuple[EnergyRun, ...]:
        """One a source. Those that yield a figure come first, in the order of what they cover.

        `device_id` None: no calibration applies. This machine's own are not those of a recorded one.
        """
        calibrated = calibrations.load(device_id) if device_id else {}
        problem = _mode_changed(before, after)
        by_name = {each.name: each for each in self.recorders}
        found: list[EnergyRun] = []
        for recording in self.recordings():
            try:
                run_context = RunContext(
                    latency_per_s=latency_per_s(measured),
                    sampler_cpu_share=_cost(by_name[recording.name], load),
                    problem=problem,
                )
                wanted_s = max(MIN_WINDOW_S, WINDOW_PERIODS * recording.period_s)
                found.append(energy_run(recording, load, calibrated.get(recording.name), run_context, wanted_s))
            except Exception as error:  # an analysis that fails costs the energy, never the run
                reason = f"its analysis failed: {reason_of(error)}"
                found.append(EnergyRun(source=unused_source(recording), problem=reason))
        return tuple(sorted((*found, *self.unused()), key=lambda run: run.problem is not None))


class Sources(NamedTuple):
    """What can be recorded, and those meters among it that were not heard, with the reason."""

    recorders: Sequence[Recorder] = ()
    unheard: Mapping[str, str] = MappingProxyType({})


def sources_of(root: Path, meters: "Sequence[MeterSetting]", on_progress: OnProgress) -> Sources:
    """What this machine reads itself, and the external meters, each after it was listened to."""
    found: list[Recorder] = list(registry.recorders(root))
    unheard: dict[str, str] = {}
    if meters:
        from edgeprof_agent.meters.registry import recorders  # most devices have none, and need no MQTT client here

        for meter in recorders(meters):
            on_progress("start", None, f"listening to the power meter {meter.name}")
            try:
                reason = meter.listen()
            except Exception as error:  # a meter costs its own figures, never the run
                reason = f"it cannot be listened to: {reason_of(error)}"
            found.append(meter)
            if reason is not None:
                unheard[meter.name] = reason
    return Sources(found, unheard)


def _source_of(recorder: Recorder) -> PowerSource:
    """Also of a recorder that cannot give its recording."""
    try:
        return unused_source(recorder.recording())
    except Exception as error:
        return PowerSource(
            name=recorder.name,
            scope=recorder.scope,
            source=f"unknown: {error}",
            version=None,
            integration="trapezoid",
            sample_hz_asked=None,
            sample_hz_got=None,
        )


def latency_per_s(measured: Measured) -> dict[str, float]:
    """Units a second in the windows where no power was read, by phase."""
    series = measured["series_ns"]
    if measured["kind"] == "tensor":
        return {"inference": _rate(len(series["latency"]), sum(series["latency"]))}
    return {
        "prefill": _rate(measured["prompt_tokens"] * len(series["prefill"]), sum(series["prefill"])),
        "decode": _rate(sum(measured["decode_steps"]), sum(series["decode"])),
    }


def _rate(units: int, total_ns: int) -> float:
    return units / total_ns * 1e9 if total_ns else 0.0


def _cost(recorder: Recorder, load: EnergyLoad) -> float | None:
    if recorder.cost is None:
        return None
    return recorder.cost.share([(load["idle_before"]["end_ns"], load["idle_after"]["start_ns"])])


def _mode_changed(before: DeviceState, after: DeviceState) -> str | None:
    if before.power_mode == after.power_mode:
        return None
    modes = f"from {before.power_mode or 'unknown'} to {after.power_mode or 'unknown'}"
    return f"the power mode changed during the run, {modes}: its windows mix two modes"
