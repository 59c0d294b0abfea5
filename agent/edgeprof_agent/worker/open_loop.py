"""An open loop: requests arrive at their own times, whether or not the last one is done, so that queueing shows.

Gaps are exponential (a Poisson process) and seeded. Response time counts from the planned arrival, never from when the
loop got round to it: a stall is then charged to every request that it kept waiting (Tene, How not to measure latency,
2015: coordinated omission). One worker serves in order of arrival.
"""

import gc
import time
from array import array
from collections.abc import Callable

from edgeprof_agent.worker_protocol.document import OpenLoopRun, WorkerJob

_WANTED_ARRIVALS = 320
"""Enough for a p99 with its interval (299), with room."""
_PATIENCE = 2.0
"""How many times its own length the loop goes on to answer what has arrived."""
_SPIN_NS = 200_000
"""A sleep may end this late; the rest is waited for by looking at the clock."""


def run_open_loop(infer: Callable[[], object], job: WorkerJob) -> OpenLoopRun:
    """As long as 320 arrivals take, within the window's shortest and longest length; or a requested number of them."""
    clock = time.perf_counter_ns
    span_ns = int(_span_s(job) * 1e9)
    planned_ns = _arrivals_ns(job["config"].arrival_rate_per_s, span_ns, job["protocol"].seed)
    response, service = array("q"), array("q")
    longest, arrived = 0, 0
    gc.collect()
    gc.disable()
    try:
        start_ns = clock()
        give_up_ns = min(start_ns + int(span_ns * _PATIENCE), job["stop_at_ns"])
        for offset_ns in planned_ns:
            due_ns = start_ns + offset_ns
            if max(clock(), due_ns) >= give_up_ns:
                break
            begun_ns = _wait_until(due_ns)
            infer()
            ended_ns = clock()
            response.append(ended_ns - due_ns)
            service.append(ended_ns - begun_ns)
            while arrived < len(planned_ns) and start_ns + planned_ns[arrived] <= ended_ns:
                arrived += 1
            longest = max(longest, arrived - len(response))
        duration_ns = clock() - start_ns
    finally:
        gc.enable()
    return {
        "rate_per_s": job["config"].arrival_rate_per_s,
        "response_ns": response.tolist(),
        "service_ns": service.tolist(),
        "unanswered": len(planned_ns) - len(response),
        "longest_queue": longest,
        "duration_ns": duration_ns,
    }


def _span_s(job: WorkerJob) -> float:
    requests = job["protocol"].open_loop_requests
    if requests:
        return requests / job["config"].arrival_rate_per_s
    return min(
        max(job["protocol"].window_s, _WANTED_ARRIVALS / job["config"].arrival_rate_per_s),
        job["protocol"].window_limit_s,
    )


def _arrivals_ns(rate_per_s: float, span_ns: int, seed: int) -> list[int]:
    """Planned moments from the start on, within the span; none where the first one lies beyond it."""
    import random  # not wanted before a runtime is imported

    draw = random.Random(seed)
    moments: list[int] = []
    at_ns = 0.0
    while True:
        at_ns += draw.expovariate(rate_per_s) * 1e9
        if at_ns > span_ns:
            return moments
        moments.append(int(at_ns))


def _wait_until(due_ns: int) -> int:
    """Returns the moment at which the wait ended, at once where it is past."""
    clock = time.perf_counter_ns
    now_ns = clock()
    if due_ns - now_ns > _SPIN_NS:
        time.sleep((due_ns - now_ns - _SPIN_NS) / 1e9)
    while (now_ns := clock()) < due_ns:
        pass
    return now_ns
