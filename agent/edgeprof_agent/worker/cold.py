"""The cold course: a start of its own, the model's files out of the page cache, up to the first inference."""

import time

from edgeprof_agent.worker import page_cache
from edgeprof_agent.worker.opening import open_model
from edgeprof_agent.worker.page_cache import Dropped
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker_protocol.document import Cold, WorkerJob


def run_cold(job: WorkerJob, reporter: Reporter) -> Cold:
    """Load and first inference with cold files. The runtime's own libraries stay cached: they are imported before."""
    dropped: list[Dropped] = []
    opened = open_model(job, reporter, lambda: dropped.append(page_cache.drop(job["model_files"])))
    reporter.enter("first_inference", "cold")
    started_ns = time.perf_counter_ns()
    first_token_ns = None
    if opened.model.kind == "tensor":
        opened.model.infer()
    else:
        first_token_ns = opened.model.prefill().first_token_ns
    first_ns = first_token_ns or time.perf_counter_ns() - started_ns
    opened.memory.end_of("first_inference")
    return {
        "evicted": dropped[0].evicted,
        "resident_before_share": dropped[0].before_share,
        "resident_after_share": dropped[0].after_share,
        "reason": dropped[0].reason,
        "load_ms": opened.phases_ms["load_ms"],
        "first_inference_ms": first_ns / 1e6,
        "first_token_ms": None if first_token_ns is None else first_token_ns / 1e6,
        "peak_kib": opened.memory.peak_kib,
    }
