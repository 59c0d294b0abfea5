"""The load test of a model that is only flashed: loaded once in the sandbox, one inference, nothing measured."""

import os
import time

from edgeprof.wire.formats import is_language
from edgeprof.wire.identity import model_bytes
from edgeprof.wire.messages import Result
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.measuring.reporting import flashed
from edgeprof_agent.measuring.summary import cold_metrics
from edgeprof_agent.measuring.worker_course import Attempt, run_worker
from edgeprof_agent.measuring.worker_run import Header, WorkerRun
from edgeprof_agent.telemetry import state
from edgeprof_agent.telemetry.gate import Passed
from edgeprof_agent.telemetry.trace import Trace
from edgeprof_agent.worker_protocol.document import Cold

NOT_MEASURED = "the model was flashed and loaded once; its speed was not measured"
_KIB_PER_MIB = 1024


def load_once(attempt: Attempt, passed: Passed) -> WorkerRun:
    """One worker that loads the model and infers once, its files dropped from the page cache before."""
    before = state.read_state(attempt.root)
    ended = run_worker(attempt, "cold", time.monotonic())
    return WorkerRun(
        before=before,
        after=state.read_state(attempt.root),
        limits=ended.limits,
        worker_output=ended.worker_output,
        outcome=ended.outcome,
        energy=(),
        no_energy=NOT_MEASURED,
        power=None,
        cold=ended.worker_output.cold,
        trace=Trace(asked_hz=0.0),
        cores=attempt.request.cores or tuple(sorted(os.sched_getaffinity(0))),
        gate=passed,
    )


def flashed_result(header: Header, run: WorkerRun) -> Result:
    """Load time, first inference and memory of the load test, or the failure that keeps the model from being used."""
    return flashed(header, run, _figures(header, run.cold) if run.cold else Figures())


def _figures(header: Header, cold: Cold) -> Figures:
    """A load whose files could not be dropped from the page cache is no cold one, and is named so."""
    figures = Figures()
    if cold["evicted"]:
        figures.add("load_cold_ms", cold["load_ms"])
        figures.add("first_inference_cold_ms", cold["first_inference_ms"])
        if cold["first_token_ms"] is not None:
            figures.add("ttft_cold_ms", cold["first_token_ms"])
    else:
        figures.add("load_ms", cold["load_ms"])
        figures.add("first_inference_ms", cold["first_inference_ms"])
        for name in cold_metrics("text" if is_language(header.model.format) else "tensor"):
            figures.miss(name, cold["reason"] or "the files were not cold")
    figures.add("peak_memory_mib", cold["peak_kib"] / _KIB_PER_MIB)
    figures.add("model_size_mib", model_bytes(header.model.manifest) / _KIB_PER_MIB**2)
    lead = "decode_tokens_per_s" if is_language(header.model.format) else "latency_p50_ms"
    figures.miss(lead, NOT_MEASURED)
    return figures
