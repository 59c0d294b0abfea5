"""The heat gate: a run begins when the device is as cool as it may be, or after a limit, and then it says so.

Two rules. The absolute one is the protocol's `start_below_c`. The relative one is for runs that follow each other in
one process: not hotter than the first one's start + 2 °C. A device that has rested for five minutes, which is how long
MLPerf Mobile lets a phone cool between two tests, sets a new first start: it is as cool as its surroundings let it be.
And no run begins while the device says that heat holds it back now. Waiting ends early where it does not help.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgeprof.wire.messages import DeviceState, RunProtocol
from edgeprof_agent.sensors import files
from edgeprof_agent.telemetry.state import read_state
from edgeprof_agent.telemetry.zones import sources, why_none
from edgeprof_agent.worker_protocol.progress import OnProgress

ABOVE_FIRST_C = 2.0
REST_S = 300.0
PLATEAU_S, PLATEAU_C = 60.0, 0.5
"""A device that has not cooled by so much in so long gets no cooler by waiting on."""
NEAR_CRITICAL_C = 5.0
"""At its critical point the kernel switches the device off (kernel, thermal/sysfs-api.rst): not to be approached."""
LOOK_S = 1.0
HEAT_FLAGS = frozenset(("frequency_capped", "throttled", "soft_limit"))

Look = Callable[[], DeviceState]


@dataclass(frozen=True)
class Passed:
    """How a run came through the gate."""

    waited_s: float = 0.0
    hot: str | None = None
    """In words, why the run began though the device was warmer than allowed."""
    unchecked: str | None = None
    """Why nothing could be looked for."""
    critical: str | None = None
    """In words, why the device is too hot to be measured at all."""


class HeatGate:
    """One a process: it remembers how warm the first of its runs began."""

    def __init__(self) -> None:
        self._first_c: float | None = None
        self._left_s: float | None = None

    def left(self) -> None:
        """A run has ended: from now on the device rests."""
        self._left_s = time.monotonic()

    def wait(
        self, protocol: RunProtocol, on_progress: OnProgress, cancelled: threading.Event, root: Path = Path("/")
    ) -> Passed:
        """Waits `heat_wait_s` at most. Told through `on_progress`; returns at once when cancelled."""
        started_s = time.monotonic()
        if self._left_s is not None and started_s - self._left_s >= REST_S:
            self._first_c = None
        coolest = _Coolest()
        while True:
            state = read_state(root)
            if state.temperature_c is None:
                why = f": {why_none(root)}" if sources(root) else ""
                return Passed(unchecked=f"this device reports no temperature{why}")
            limit_c = self._limit_c(protocol)
            critical = _critical(root, state)
            why = critical or _too_hot(state, limit_c)
            waited_s = time.monotonic() - started_s
            cools = coolest.still_falls(state.temperature_c, time.monotonic())
            if why is None or cancelled.is_set() or waited_s >= protocol.heat_wait_s or not cools:
                break
            fraction = min(1.0, waited_s / protocol.heat_wait_s)
            on_progress("start", fraction, f"cooling: {why}")
            cancelled.wait(min(LOOK_S, protocol.heat_wait_s - waited_s))
        if self._first_c is None or (why is not None and (waited_s >= REST_S or not cools)):
            self._first_c = state.temperature_c
        return Passed(waited_s, why, None, critical)

    def _limit_c(self, protocol: RunProtocol) -> float | None:
        """The lower one of both rules."""
        relative = [self._first_c + ABOVE_FIRST_C] if self._first_c is not None else []
        absolute = [protocol.start_below_c] if protocol.start_below_c is not None else []
        return min(relative + absolute, default=None)


class _Coolest:
    """The lowest temperature so far, and since when."""

    def __init__(self) -> None:
        self._c, self._since_s = float("inf"), 0.0

    def still_falls(self, temperature_c: float, now_s: float) -> bool:
        if temperature_c <= self._c - PLATEAU_C:
            self._c, self._since_s = temperature_c, now_s
        return now_s - self._since_s < PLATEAU_S


def _too_hot(state: DeviceState, limit_c: float | None) -> str | None:
    if state.temperature_c is not None and limit_c is not None and state.temperature_c > limit_c:
        return f"{state.temperature_c:.1f} °C, waiting for {limit_c:.1f} °C"
    held = [flag.replace("_", " ") for flag in state.throttle_flags if flag in HEAT_FLAGS]
    return f"the device reports: {', '.join(held)}" if held else None


def _critical(root: Path, state: DeviceState) -> str | None:
    """The zone that is at its critical point, if one is."""
    for zone, critical_c in critical_points_c(root).items():
        now_c = state.temperatures_c.get(zone)
        if now_c is not None and now_c >= critical_c - NEAR_CRITICAL_C:
            return f"{zone} is at {now_c:.1f} °C; the device switches itself off at {critical_c:.1f} °C"
    return None


def critical_points_c(root: Path) -> dict[str, float]:
    """Of each thermal zone that has one: `trip_point_*_type` is `critical`."""
    found: dict[str, float] = {}
    for source in sources(root):
        for kind in files.folders(source.file.parent, "trip_point_*_type"):
            if files.text(kind) == "critical":
                milli_c = files.number(kind.with_name(kind.name.replace("_type", "_temp")))
                if milli_c is not None and milli_c > 0:
                    found[source.name] = milli_c / 1000
    return found
