"""Where a run stands, told often enough to watch and seldom enough not to disturb it."""

import time
from collections.abc import Callable

import msgspec

from edgeprof.wire.failures import STAGES, Stage
from edgeprof.wire.messages import Job, Progress

SECONDS_BETWEEN = 0.25


class ProgressTap:
    """Lets four lines a second through, and every new stage; remembers the stage for a failure."""

    def __init__(self, job: Job, send: Callable[[Progress], None]) -> None:
        self._job = job
        self._send = send
        self._last_s = float("-inf")
        self._told = ""
        self.stage: Stage = "verify"

    def __call__(self, stage: str, fraction: float | None, note: str) -> None:
        entered = stage != self._told
        self._told = stage
        if entered and stage in STAGES:
            self.stage = msgspec.convert(stage, Stage)
        now_s = time.monotonic()
        if entered or now_s - self._last_s >= SECONDS_BETWEEN:
            self._last_s = now_s
            job = self._job
            self._send(Progress(job_id=job.job_id, attempt=job.attempt, stage=stage, fraction=fraction, note=note))
