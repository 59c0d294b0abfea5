"""What may bound a worker, and what is known about one after it has ended."""

from dataclasses import dataclass
from typing import Literal

from edgeprof_agent.isolation.lacking import Lack
from edgeprof_agent.isolation.lines import LIMIT_BYTES

Ending = Literal["exited", "cancelled", "deadline", "memory", "flood", "not_started", "refused"]
NOT_RUN = "the worker was not started"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """`deadline_s` counts from the start of the process; `cores` None means every core that we may use."""

    deadline_s: float
    memory_limit_mib: float | None = None
    cores: tuple[int, ...] | None = None
    output_bytes: int = LIMIT_BYTES
    """A worker that says more is killed."""


@dataclass(frozen=True, kw_only=True)
class WorkerExit:
    """How a worker ended. `signal` is the name of the one that killed it, ours included."""

    ending: Ending
    spawned_ns: int
    exit_code: int | None
    signal: str | None
    memory_evidence: str | None
    """What shows that memory was the cause; None where nothing does."""
    log: str
    """The end of what the worker printed."""
    layers: tuple[str, ...]
    runs: int | None = None
    """How many runs had gone well, as the worker counted; None: it did not get so far."""
    group_peak_mib: float | str = NOT_RUN
    """The most that was charged to the worker's own memory cgroup, page cache included; a text says why not."""
    lacks: Lack | None = None
    """What keeps the layers from being a full sandbox, and what adds it. None: nothing, or none was wanted."""
    strays: int = 0
    """Processes that the worker had left behind, which were ended."""
