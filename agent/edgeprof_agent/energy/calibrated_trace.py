"""One source's validated recording, read as calibrated joules and watts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.wire.energy import Calibration
from edgeprof_agent.energy import calibrating
from edgeprof_agent.energy.integrate import energy_between, watts
from edgeprof_agent.sensors.base import Recording, Sample

_COUNTER_STEP_S = 0.5
"""For single readings of a counter: its peak, and how it scatters idle."""


@dataclass(frozen=True)
class CalibratedTrace:
    """A validated trace, whose joules are the calibrated ones where there is a calibration."""

    recording: Recording
    samples: Sequence[Sample]
    calibration: Calibration | None

    def joules(self, start_ns: int, end_ns: int, *, held: bool | None = None) -> float:
        integration = self.recording.integration
        if held is not None and integration != "counter":
            integration = "held" if held else "trapezoid"
        start_ns, end_ns = max(start_ns, self.samples[0].at_ns), min(end_ns, self.samples[-1].at_ns)
        joules = energy_between(self.samples, start_ns, end_ns, integration)
        return calibrating.corrected_j(joules, (end_ns - start_ns) / 1e9, self.calibration)

    def mean_w(self, start_ns: int, end_ns: int) -> float:
        return self.joules(start_ns, end_ns) / ((end_ns - start_ns) / 1e9)

    def readings_w(self, start_ns: int, end_ns: int) -> list[float]:
        power = watts(self.samples, self.recording.integration, _COUNTER_STEP_S)
        inside = [sample.value for sample in power if start_ns <= sample.at_ns <= end_ns]
        return [calibrating.corrected_w(value, self.calibration) for value in inside]
