"""What a worker has told its parent so far, checked as it comes in: a worker is never trusted to be well."""

from collections.abc import Callable
from typing import Literal

import msgspec

from edgeprof.wire.failures import FailureCode, Stage
from edgeprof_agent.worker.document import Measured, Operators

OnProgress = Callable[[str, float | None, str], None]
"""Is told the stage, its fraction (None: not known) and a note."""


class _Event(msgspec.Struct):
    event: Literal["hello", "stage", "measured", "operators", "failed"]
    monotonic_ns: int = 0
    stage: Stage = "start"
    fraction: float | None = None
    note: str = ""
    code: FailureCode = "internal_error"
    message: str = ""
    measured: Measured | None = None
    operators: Operators | None = None


class Told(msgspec.Struct):
    """A failure in the worker's own words."""

    stage: Stage
    code: FailureCode
    message: str


class Conversation:
    """Collects one worker's lines. `hear` says whether a line was the last one to expect."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self.first_line_ns: int | None = None
        self.stage: Stage = "start"
        self.measured: Measured | None = None
        self.operators: Operators | None = None
        self.failed: Told | None = None
        self.garbled = False

    def hear(self, line: bytes) -> bool:
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
        elif event.event == "measured":
            self.measured = event.measured
        elif event.event == "operators":
            self.operators = event.operators
        else:
            self.failed = Told(event.stage, event.code, event.message)
        return event.event in ("operators", "failed")
