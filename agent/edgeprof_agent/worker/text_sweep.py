"""A language model over prompt lengths and depths: each point is told as soon as it is known.

A point is measured as the run is, with less: one prompt and one generation to warm up, then at least 3 of each, at most
6, for at most 3 s where a third repeat does not take longer. A point that fails is told with its reason, and the next
one is tried; what the kernel kills there costs the points after it, and none before.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from edgeprof_agent.runtimes.base import Decode, Lengths, Prefill, RuntimeFailure, TextModel
from edgeprof_agent.worker.document import Job, Point, SweepAsk
from edgeprof_agent.worker.memory import field_kib
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker.stopping import time_is_up
from edgeprof_agent.worker.text_repeat import REPEATS, Rule, repeat

_FEWEST = 3
_WINDOW_NS = 3_000_000_000
_PROC = Path("/proc/self")
_NO_TIME = "the run's time was up before this point"

T = TypeVar("T")


def sweep_text(model: TextModel, job: Job, reporter: Reporter) -> None:
    """Tells every point that was asked, in order, and leaves the model at the run's own lengths."""
    points = job["sweep"]
    for index, at in enumerate(points):
        lengths = lengths_at(at, job)
        note = f"{lengths.prompt_tokens} tokens at depth {lengths.depth_tokens}"
        reporter.enter("sweep", note, index / len(points))
        told: SweepAsk = {**at, "prompt_tokens": lengths.prompt_tokens, "depth_tokens": lengths.depth_tokens}
        reporter.point(_point(model, told, lengths, job))
    if points:
        model.use(Lengths(job["prompt_tokens"], job["decode_tokens"], job["depth_tokens"]))


def lengths_at(at: SweepAsk, job: Job) -> Lengths:
    """A point's lengths: what it leaves open is the run's own."""
    prompt, depth = at["prompt_tokens"], at["depth_tokens"]
    return Lengths(
        job["prompt_tokens"] if prompt is None else prompt,
        job["decode_tokens"],
        job["depth_tokens"] if depth is None else depth,
    )


def _point(model: TextModel, at: SweepAsk, lengths: Lengths, job: Job) -> Point:
    if time_is_up(job["stop_at_ns"]):
        return _failed(at, _NO_TIME)
    try:
        return _measured(model, at, lengths, job)
    except RuntimeFailure as failure:
        return _failed(at, str(failure))
    except MemoryError:
        return _failed(at, "The worker was refused the memory for this point.")
    except Exception as error:  # a binding's own exception is a fact about this point
        return _failed(at, f"{type(error).__name__}: {error}")


def _measured(model: TextModel, at: SweepAsk, lengths: Lengths, job: Job) -> Point:
    resets = _restart_peak()
    model.use(lengths)
    prefills = _few(model.prefill, lambda prefill: prefill.prompt_ns, job)
    decodes = _few(model.decode, lambda decode: decode.total_ns, job)
    return _told(at, prefills, decodes, _peak_kib() if resets else None, model.kv_cache_kib)


def _few(once: Callable[[], T], value: Callable[[T], float], job: Job) -> Sequence[T]:
    once()
    taken: list[T] = []
    repeat(once, value, Rule(_FEWEST, REPEATS, _WINDOW_NS, _WINDOW_NS, None, job["stop_at_ns"]), taken)
    return taken


def _told(
    at: SweepAsk, prefills: Sequence[Prefill], decodes: Sequence[Decode], peak_kib: int | None, kv_kib: float | None
) -> Point:
    return {
        "at": at,
        "series_ns": {
            "prefill": [prefill.prompt_ns for prefill in prefills],
            "ttft": [prefill.first_token_ns for prefill in prefills],
            "decode": [decode.total_ns for decode in decodes],
            "inter_token": [gap_ns for decode in decodes for gap_ns in decode.gaps_ns],
        },
        "decode_steps": [decode.steps for decode in decodes],
        "peak_kib": peak_kib,
        "kv_cache_kib": kv_kib,
        "failure": None,
    }


def _failed(at: SweepAsk, reason: str) -> Point:
    return {
        "at": at,
        "series_ns": {},
        "decode_steps": [],
        "peak_kib": None,
        "kv_cache_kib": None,
        "failure": reason[:500],
    }


def _restart_peak() -> bool:
    """See memory.py; False: this kernel does not let a process."""
    try:
        (_PROC / "clear_refs").write_text("5")
    except OSError:
        return False
    return True


def _peak_kib() -> int:
    return field_kib((_PROC / "status").read_text(), "VmHWM")
