"""The worker's voice: one JSON object a line on the inherited pipe."""

import json
import os
import time
from collections.abc import Mapping, Sequence

from edgeprof_agent.worker_protocol.document import (
    Cold,
    EnergyLoad,
    Evaluated,
    MadeUpWork,
    Measured,
    MemoryReading,
    OpenLoopRun,
    Operators,
    SoakRun,
    WorkerPoint,
)

MESSAGE_LENGTH = 2000
"""A runtime's words may hold a whole list of names."""


class Reporter:
    """Writes events to a file descriptor that the parent reads. `stage` is where the worker stands now."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.stage = "start"

    def hello(self) -> None:
        """The first line: what the parent measures the process start by."""
        self._send({"event": "hello", "monotonic_ns": time.monotonic_ns()})

    def enter(self, stage: str, note: str = "", fraction: float | None = None) -> None:
        self.stage = stage
        self._send({"event": "stage", "stage": stage, "fraction": fraction, "note": note})

    def measured(self, measured: Measured) -> None:
        self._send({"event": "measured", "measured": measured})

    def cold(self, cold: Cold) -> None:
        self._send({"event": "cold", "cold": cold})

    def point(self, point: WorkerPoint) -> None:
        self._send({"event": "point", "point": point})

    def energy(self, load: EnergyLoad) -> None:
        self._send({"event": "energy", "energy": load})

    def open_loop(self, run: OpenLoopRun) -> None:
        self._send({"event": "open_loop", "open_loop": run})

    def soak(self, run: SoakRun) -> None:
        self._send({"event": "soak", "soak": run})

    def shaped(self, batch_shape: str) -> None:
        """How the items of an evaluation share the runtime's calls, before the first one is answered."""
        self._send({"event": "shaped", "batch_shape": batch_shape})

    def outcomes(self, outcomes: Sequence[Mapping[str, object]]) -> None:
        """Of items that were taken, each with the fields of `edgeprof.quality.outcomes.Outcome`.

        Raises ValueError or TypeError, and sends nothing, where one of them is not JSON.
        """
        self._write(json.dumps({"event": "outcomes", "outcomes": outcomes}, allow_nan=False))

    def evaluated(self, evaluated: Evaluated) -> None:
        self._send({"event": "evaluated", "evaluated": evaluated})

    def made_up_work(self, found: MadeUpWork) -> None:
        self._send({"event": "made_up_work", "made_up_work": found})

    def operators(self, operators: Operators) -> None:
        self._send({"event": "operators", "operators": operators})

    def memory_after(self, reading: MemoryReading) -> None:
        self._send({"event": "memory_after", "memory_after": reading})

    def part_failed(self, stage: str, message: str) -> None:
        """A part after the window failed by itself."""
        self._send({"event": "part_failed", "stage": stage, "message": message[:MESSAGE_LENGTH]})

    def failed(self, code: str, message: str) -> None:
        self._send({"event": "failed", "stage": self.stage, "code": code, "message": message[:MESSAGE_LENGTH]})

    def _send(self, event: dict[str, object]) -> None:
        self._write(json.dumps(event))

    def _write(self, line: str) -> None:
        rest = memoryview(line.encode() + b"\n")
        while rest:
            rest = rest[os.write(self._fd, rest) :]
