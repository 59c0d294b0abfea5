"""What a worker tells of an evaluation, checked as it comes in."""

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from edgeprof.quality.outcomes import Outcome
from edgeprof_agent.measuring.worker_output import WorkerOutput
from edgeprof_agent.worker_protocol.document import Evaluated
from edgeprof_agent.worker_protocol.progress import OnProgress

_OURS = (b'{"event": "outcomes"', b'{"event": "evaluated"', b'{"event": "shaped"')


class _Event(msgspec.Struct):
    event: Literal["outcomes", "evaluated", "shaped"]
    batch_shape: str = ""
    outcomes: tuple[Outcome, ...] = ()
    evaluated: Evaluated | None = None


class EvaluationOutput(WorkerOutput):
    """A worker's lines: its outcomes are handed on, the rest is kept as of any worker."""

    def __init__(self, on_progress: OnProgress, on_outcomes: Callable[[Sequence[Outcome]], None]) -> None:
        super().__init__(on_progress)
        self._on_outcomes = on_outcomes
        self.evaluated: Evaluated | None = None
        self.batch_shape: str | None = None
        """None: the worker did not come to its first item."""

    def take_line(self, line: bytes) -> bool:
        if not line.startswith(_OURS):
            return super().take_line(line)
        try:
            event = msgspec.json.decode(line, type=_Event)
        except (ValueError, RecursionError):
            self.garbled = True
            return False
        if event.event == "outcomes":
            self._on_outcomes(event.outcomes)
        elif event.event == "shaped":
            self.batch_shape = event.batch_shape
        else:
            self.evaluated = event.evaluated
        return False
