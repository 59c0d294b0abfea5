"""The load that energy is measured over: idle, windows of back-to-back work, idle, all with the model loaded.

Power is read elsewhere, by the parent or by a meter; here only the spans are told, on CLOCK_MONOTONIC. Nothing is timed
in a window but its two ends, and windows follow each other without a pause, so that the heat of the load is steady.
"""

import gc
import time
from collections.abc import Callable
from typing import NamedTuple

from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker_protocol.document import (
    ClockSpan,
    EnergyAsk,
    EnergyLoad,
    EnergyPhase,
    EnergyPhaseLoad,
    MeasuredWindow,
)

_LOOK_NS = 1_000_000
"""A fast model runs for so long before the clock is looked at again."""


class EnergyWork(NamedTuple):
    """One thing to do again and again. `once` gives how many units (inferences, tokens) it was."""

    phase: EnergyPhase
    once: Callable[[], int]


def run_energy(works: list[EnergyWork], ask: EnergyAsk, stop_at_ns: int, reporter: Reporter) -> EnergyLoad:
    """The whole course, or as much of it as there is time for: then `complete` is False."""
    gc.collect()
    idle_before = _idle(ask["idle_before_s"], "idle, before", stop_at_ns, reporter)
    phases = [_phase(work, ask, stop_at_ns, reporter) for work in works]
    idle_after = _idle(ask["idle_after_s"], "idle, after", stop_at_ns, reporter)
    complete = time.monotonic_ns() < stop_at_ns and all(len(each["windows"]) == ask["windows"] for each in phases)
    return {"idle_before": idle_before, "phases": phases, "idle_after": idle_after, "complete": complete}


def _idle(seconds: float, what: str, stop_at_ns: int, reporter: Reporter) -> ClockSpan:
    start_ns = time.monotonic_ns()
    end_ns = min(start_ns + int(seconds * 1e9), stop_at_ns)
    reporter.enter("energy", f"{what}: {seconds:.0f} s", 0.0)
    while (left_s := (end_ns - time.monotonic_ns()) / 1e9) > 0:
        time.sleep(left_s)  # nothing is told meanwhile: idle means idle
    return {"start_ns": start_ns, "end_ns": time.monotonic_ns()}


def _phase(work: EnergyWork, ask: EnergyAsk, stop_at_ns: int, reporter: Reporter) -> EnergyPhaseLoad:
    """Its windows, after a first run that is in none of them: it tells how many runs go between two looks."""
    started_ns = time.monotonic_ns()
    work.once()
    block = max(1, _LOOK_NS // max(1, time.monotonic_ns() - started_ns))
    windows: list[MeasuredWindow] = []
    gc.disable()
    try:
        for number in range(ask["windows"]):
            if time.monotonic_ns() >= stop_at_ns:
                break
            reporter.enter("energy", f"{work.phase}: window {number + 1} of {ask['windows']}", number / ask["windows"])
            windows.append(_window(work.once, block, ask["window_s"], stop_at_ns))
    finally:
        gc.enable()
    return {"phase": work.phase, "load_start_ns": started_ns, "windows": windows}


def _window(once: Callable[[], int], block: int, seconds: float, stop_at_ns: int) -> MeasuredWindow:
    clock = time.monotonic_ns
    units = 0
    start_ns = now_ns = clock()
    end_ns = min(start_ns + int(seconds * 1e9), stop_at_ns)
    while now_ns < end_ns:
        for _ in range(block):
            units += once()
        now_ns = clock()
    return {"start_ns": start_ns, "end_ns": now_ns, "units": units}
