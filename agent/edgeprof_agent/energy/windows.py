"""The load's windows with the joules that each one took, by phase. Pure."""

from collections.abc import Sequence

from edgeprof.wire.energy import EnergyWindow
from edgeprof_agent.energy.calibrated_trace import CalibratedTrace
from edgeprof_agent.energy.course import Course
from edgeprof_agent.worker_protocol.document import EnergyLoad


def by_phase(windows: Sequence[EnergyWindow]) -> dict[str, list[EnergyWindow]]:
    """In order of appearance."""
    found: dict[str, list[EnergyWindow]] = {}
    for window in windows:
        found.setdefault(window.phase, []).append(window)
    return found


def lead(windows: Sequence[EnergyWindow]) -> list[EnergyWindow]:
    """The last phase: of a language model decode, which most of its time goes into."""
    return list(by_phase(windows).values())[-1]


def windows_of(trace: CalibratedTrace, load: EnergyLoad, whole: Course, idle_w: float) -> list[EnergyWindow]:
    """Each window that did work. `idle_w`: what net joules leave out."""
    found: list[EnergyWindow] = []
    for phase in load["phases"]:
        for window in phase["windows"]:
            if not window["units"] or window["end_ns"] <= window["start_ns"]:
                continue
            gross_j = trace.joules(window["start_ns"], window["end_ns"])
            seconds = (window["end_ns"] - window["start_ns"]) / 1e9
            found.append(
                EnergyWindow(
                    phase=phase["phase"],
                    start_s=(window["start_ns"] - whole.start_ns) / 1e9,
                    end_s=(window["end_ns"] - whole.start_ns) / 1e9,
                    units=window["units"],
                    gross_j=gross_j,
                    net_j=gross_j - idle_w * seconds,
                )
            )
    return found


def throughput_ratio(windows: Sequence[EnergyWindow], latency_per_s: dict[str, float]) -> float | None:
    """Of the phase where it is farther from 1."""
    ratios = [
        sum(each.units for each in group) / sum(each.end_s - each.start_s for each in group) / latency_per_s[phase]
        for phase, group in by_phase(windows).items()
        if latency_per_s.get(phase)
    ]
    return max(ratios, key=lambda ratio: abs(ratio - 1), default=None)
