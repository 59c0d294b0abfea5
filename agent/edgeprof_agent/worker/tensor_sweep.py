"""A sweep over input sizes: each point reshaped, warmed up and timed in the process that has measured the run itself.

A point that fails says why, and the next one is tried. A point that kills the process loses itself and what comes
after it; the run's own figures have been told by then.
"""

import ctypes
from array import array
from collections.abc import Callable

from edgeprof_agent.worker.memory import MemoryBook
from edgeprof_agent.worker.reporter import MESSAGE_LENGTH, Reporter
from edgeprof_agent.worker.stopping import StopRule, share_of_time, time_is_up
from edgeprof_agent.worker.warmup import warm_up
from edgeprof_agent.worker.window import timed_window
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure, TensorModel
from edgeprof_agent.worker_protocol.document import SweepAsk, WorkerJob, WorkerPoint
from edgeprof_agent.worker_protocol.reason import reason_of

WARMUP_LIMIT_S = 2.0
"""Of one point: code and weights are warm from the run; only what depends on the size is new."""
SOAK_ROOM = 1.1
MAX_RUNS = 20_000
"""Of one point: all samples of all points go to the parent, which ends a worker that says more than 32 MiB."""
NO_TIME = "the time limit of the run left no time for this point"


def sweep_tensor(model: TensorModel, memory: MemoryBook, job: WorkerJob, reporter: Reporter) -> None:
    """Every point, in the order in which they were asked; then the run's own shapes again, for what comes after."""
    requested = job["sweep"]
    stop_at_ns = job["stop_at_ns"] - int(job["protocol"].soak_s * SOAK_ROOM * 1e9)  # what comes after has its time, too
    for index, ask in enumerate(requested):
        reporter.enter("sweep", _title(ask), index / len(requested))
        own: WorkerJob = {**job, "stop_at_ns": share_of_time(stop_at_ns, len(requested) - index)}
        reporter.point(_point(model, memory, ask, own))
    if requested:
        model.reshape({})


def _point(model: TensorModel, memory: MemoryBook, ask: SweepAsk, job: WorkerJob) -> WorkerPoint:
    if time_is_up(job["stop_at_ns"]):
        return _told(ask, failure=NO_TIME)
    samples = array("q")
    try:
        model.reshape(ask["shapes"])
        give_back_to_system()
        memory.start_span()
        _take(model.infer, job, samples)
    except RuntimeFailure as failure:
        return _told(ask, failure=str(failure))
    except MemoryError as error:
        return _told(ask, failure=f"the worker was refused memory: {error}".rstrip(": "))
    except Exception as error:  # whatever a runtime raises is a fact about this size, not about us
        return _told(ask, failure=reason_of(error))
    return _told(ask, peak_kib=memory.span_peak_kib(), samples=samples)


def _take(infer: Callable[[], object], job: WorkerJob, samples: "array[int]") -> None:
    counter = array("q", [0])  # a crash at a point is told by the point
    warm_up(infer, job, counter, WARMUP_LIMIT_S)
    rule = StopRule(
        job["protocol"].min_runs,
        min(job["protocol"].max_runs, MAX_RUNS),
        int(job["protocol"].window_s * 1e9),
        job["stop_at_ns"],
    )
    timed_window(infer, rule, samples, counter)


def _told(
    ask: SweepAsk, *, failure: str | None = None, peak_kib: int | None = None, samples: "array[int] | None" = None
) -> WorkerPoint:
    return {
        "at": ask,
        "series_ns": {"latency": samples.tolist()} if samples is not None else {},
        "decode_steps": [],
        "peak_kib": peak_kib,
        "kv_cache_kib": None,
        "failure": failure[:MESSAGE_LENGTH] if failure is not None else None,
    }


def _title(ask: SweepAsk) -> str:
    return "; ".join(f"{name}={','.join(map(str, sizes))}" for name, sizes in ask["shapes"].items())


def give_back_to_system() -> None:
    """Memory that the C library keeps of the point before would count for this one (malloc_trim(3), glibc only)."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
