"""A language model over prompt lengths and depths: each point is told as soon as it is known.

A point is measured as the run is, with less: one prompt and one generation to warm up, then at least 3 of each, at most
6, for at most 3 s where a third repeat does not take longer; fewer than 3 only where its time is up. It has an equal
share of the time left, or what it takes at the least; where not even that is left, it says so and is not begun. Memory
of the point before is given back first, so that a point's peak is its own. A point that fails is told with its reason,
and the next one is tried; what the kernel kills there costs the points after it, and none before.
"""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from edgeprof_agent.worker.memory import MemoryBook
from edgeprof_agent.worker.reporter import MESSAGE_LENGTH, Reporter
from edgeprof_agent.worker.stopping import share_of_time, time_is_up
from edgeprof_agent.worker.tensor_sweep import NO_TIME, SOAK_ROOM, give_back_to_system
from edgeprof_agent.worker.text_depth import own_depth
from edgeprof_agent.worker.text_pace import Pace
from edgeprof_agent.worker.text_repeat import REPEATS, RepeatRule, repeat
from edgeprof_agent.worker_protocol.adapter import Decode, KnowsItsContext, Lengths, Prefill, RuntimeFailure, TextModel
from edgeprof_agent.worker_protocol.document import SweepAsk, WorkerJob, WorkerPoint
from edgeprof_agent.worker_protocol.reason import reason_of

_MIN_REPEATS = 3
_WINDOW_NS = 3_000_000_000

T = TypeVar("T")
P = TypeVar("P", bound=WorkerPoint | None)


def sweep_text(model: TextModel, memory: MemoryBook, pace: Pace, job: WorkerJob, reporter: Reporter) -> None:
    """Tells every point that was asked, in order; where a soak follows, the model is then at the run's own lengths."""
    points = job["sweep"]
    is_resized = bool(points) or _own_depth(model, memory, pace, job, reporter)
    stop_at_ns = job["stop_at_ns"] - int(job["protocol"].soak_s * SOAK_ROOM * 1e9)  # what comes after has its time, too
    sweep = _Sweep(model, memory, pace)
    for index, at in enumerate(points):
        lengths = lengths_at(at, job)
        note = f"{lengths.prompt_tokens} tokens at depth {lengths.depth_tokens}"
        reporter.enter("sweep", note, index / len(points))
        point: SweepAsk = {**at, "prompt_tokens": lengths.prompt_tokens, "depth_tokens": lengths.depth_tokens}
        reporter.point(sweep.point(point, lengths, stop_at_ns, len(points) - index))
    if is_resized and job["protocol"].soak_s > 0 and not time_is_up(job["stop_at_ns"]):
        model.release_context()
        model.resize_context(
            Lengths(job["config"].prompt_tokens, job["config"].decode_tokens, job["config"].depth_tokens)
        )


def _own_depth(model: TextModel, memory: MemoryBook, pace: Pace, job: WorkerJob, reporter: Reporter) -> bool:
    """Generation at a depth that nobody asked for, told as a point, with the reason where it would take too long.

    True: the model is at other lengths than before.
    """
    lengths = Lengths(job["config"].prompt_tokens, job["config"].decode_tokens, job["config"].depth_tokens)
    if job["protocol"].window_only or lengths.depth_tokens or not isinstance(model, KnowsItsContext):
        return False
    is_resized = False
    for is_copied in (True, False):
        own = own_depth(lengths, model.trained_tokens, pace, is_copied=is_copied)
        if own is None:
            break
        at: SweepAsk = {"shapes": {}, "prompt_tokens": None, "depth_tokens": own.lengths.depth_tokens}
        if own.refused is not None:
            reporter.point(_failed(at, own.refused))
            break
        reporter.enter("sweep", f"generation at depth {own.lengths.depth_tokens}")
        copy = model.copy_depth if is_copied else None
        is_resized = True
        point = _Sweep(model, memory, pace).generation(at, own.lengths, job["stop_at_ns"], copy)
        if point is not None:
            reporter.point(point)
            break
    return is_resized


def lengths_at(at: SweepAsk, job: WorkerJob) -> Lengths:
    """A point's lengths: what it leaves open is the run's own."""
    prompt, depth = at["prompt_tokens"], at["depth_tokens"]
    return Lengths(
        job["config"].prompt_tokens if prompt is None else prompt,
        job["config"].decode_tokens,
        job["config"].depth_tokens if depth is None else depth,
    )


class _Sweep:
    """One model from point to point; what a point takes is learnt from those before it."""

    def __init__(self, model: TextModel, memory: MemoryBook, pace: Pace) -> None:
        self._model = model
        self._memory = memory
        self._pace = pace

    def point(self, at: SweepAsk, lengths: Lengths, stop_at_ns: int, points_left: int) -> WorkerPoint:
        """Measured or failed, never raised."""
        if time_is_up(stop_at_ns):
            return _failed(at, NO_TIME)
        least_ns = self._pace.least_ns(lengths, refills=self._model.refills)
        now_ns = time.monotonic_ns()
        if now_ns + least_ns > stop_at_ns:
            return _failed(at, _too_slow(least_ns, stop_at_ns - now_ns))
        own_stop_ns = max(now_ns + least_ns, share_of_time(stop_at_ns, points_left))
        return _guarded(at, lambda: self._measured(at, lengths, own_stop_ns))

    def generation(
        self, at: SweepAsk, lengths: Lengths, stop_at_ns: int, copy: Callable[[], bool] | None = None
    ) -> WorkerPoint | None:
        """Short generations and no prompt, measured or failed, never raised. None: `copy` could not fill the depth."""

        def measured() -> WorkerPoint | None:
            self._make_room(lengths)
            if copy is not None and not copy():
                return None
            self._model.decode()
            decodes: list[Decode] = []
            rule = RepeatRule(REPEATS, REPEATS, 0, _WINDOW_NS, None, stop_at_ns)
            repeat(self._model.decode, lambda decode: decode.total_ns, rule, decodes)
            return _told(at, [], decodes, self._memory.span_peak_kib(), self._model.kv_cache_kib)

        return _guarded(at, measured)

    def _make_room(self, lengths: Lengths) -> None:
        self._model.release_context()
        give_back_to_system()
        self._memory.start_span()
        self._model.resize_context(lengths)

    def _measured(self, at: SweepAsk, lengths: Lengths, stop_at_ns: int) -> WorkerPoint:
        model = self._model
        self._make_room(lengths)
        self._warm_up(lengths)
        prefills = _few(model.prefill, lambda prefill: prefill.prompt_ns, stop_at_ns)
        model.decode()
        decodes = _few(model.decode, lambda decode: decode.total_ns, stop_at_ns)
        return _told(at, prefills, decodes, self._memory.span_peak_kib(), model.kv_cache_kib)

    def _warm_up(self, lengths: Lengths) -> None:
        """One prompt, which fills the depth before."""
        began_ns = time.monotonic_ns()
        self._model.prefill()
        took_ns = time.monotonic_ns() - began_ns
        self._pace = self._pace.seen(lengths.depth_tokens + lengths.prompt_tokens, took_ns)


def _guarded(at: SweepAsk, measured: Callable[[], P]) -> P | WorkerPoint:
    """What it gives, or the reason why not."""
    try:
        return measured()
    except RuntimeFailure as failure:
        return _failed(at, str(failure))
    except MemoryError:
        return _failed(at, "The worker was refused memory for this point.")
    except Exception as error:  # a binding's own exception is a fact about this point
        return _failed(at, reason_of(error))


def _too_slow(least_ns: int, left_ns: int) -> str:
    return (
        f"at the speed so far this point takes {least_ns / 1e9:.0f} s or more; {left_ns / 1e9:.0f} s of the run's "
        "time were left"
    )


def _few(once: Callable[[], T], value: Callable[[T], float], stop_at_ns: int) -> Sequence[T]:
    taken: list[T] = []
    repeat(once, value, RepeatRule(_MIN_REPEATS, REPEATS, _WINDOW_NS, _WINDOW_NS, None, stop_at_ns), taken)
    return taken


def _told(
    at: SweepAsk, prefills: Sequence[Prefill], decodes: Sequence[Decode], peak_kib: int | None, kv_kib: float | None
) -> WorkerPoint:
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


def _failed(at: SweepAsk, reason: str) -> WorkerPoint:
    return {
        "at": at,
        "series_ns": {},
        "decode_steps": [],
        "peak_kib": None,
        "kv_cache_kib": None,
        "failure": reason[:MESSAGE_LENGTH],
    }
