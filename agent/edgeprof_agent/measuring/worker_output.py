"""What a worker has told its parent so far, checked as it comes in: a worker is never trusted to be well."""

from typing import Literal

import msgspec

from edgeprof.wire.failures import FailureCode, Stage
from edgeprof_agent.worker_protocol.document import (
    Cold,
    EnergyLoad,
    MadeUpWork,
    Measured,
    MemoryReading,
    OpenLoopRun,
    Operators,
    SoakRun,
    WorkerPoint,
)
from edgeprof_agent.worker_protocol.progress import OnProgress


class _Event(msgspec.Struct):
    event: Literal[
        "hello",
        "stage",
        "cold",
        "measured",
        "energy",
        "point",
        "open_loop",
        "soak",
        "made_up_work",
        "operators",
        "memory_after",
        "part_failed",
        "failed",
    ]
    monotonic_ns: int = 0
    stage: Stage = "start"
    fraction: float | None = None
    note: str = ""
    code: FailureCode = "internal_error"
    message: str = ""
    cold: Cold | None = None
    measured: Measured | None = None
    point: WorkerPoint | None = None
    energy: EnergyLoad | None = None
    open_loop: OpenLoopRun | None = None
    soak: SoakRun | None = None
    made_up_work: MadeUpWork | None = None
    operators: Operators | None = None
    memory_after: MemoryReading | None = None


class Told(msgspec.Struct):
    """A failure in the worker's own words."""

    stage: Stage
    code: FailureCode
    message: str


class WorkerOutput:
    """Collects one worker's lines. `hear` says whether a line was the last one to expect."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self.first_line_ns: int | None = None
        self.stage: Stage = "start"
        self.cold: Cold | None = None
        self.measured: Measured | None = None
        self.points: list[WorkerPoint] = []
        self.energy: EnergyLoad | None = None
        self.open_loop: OpenLoopRun | None = None
        self.soak: SoakRun | None = None
        self.made_up_work: MadeUpWork | None = None
        self.operators: Operators | None = None
        self.memory_after: MemoryReading | None = None
        self.parts_failed: dict[Stage, str] = {}
        self.failed: Told | None = None
        self.garbled = False

    def take_line(self, line: bytes) -> bool:
        try:
            event = msgspec.json.decode(line, type=_Event)
        except (ValueError, RecursionError):
            self.garbled = True
            return False
        return self._take(event)

    def _take(self, event: _Event) -> bool:
        if event.event == "hello":
            self.first_line_ns = event.monotonic_ns
        elif event.event == "stage":
            self.stage = event.stage
            self._on_progress(event.stage, event.fraction, event.note)
        elif event.event == "failed":
            self.failed = Told(event.stage, event.code, event.message)
        elif event.event == "part_failed":
            self.parts_failed[event.stage] = event.message
        elif event.event == "point" and event.point is not None:
            self.points.append(event.point)
        else:
            setattr(self, event.event, getattr(event, event.event))
        return event.event in ("cold", "operators", "failed")
