"""ONNX Runtime and LiteRT: the model is loaded and run twice, as a worker would, and its memory is read.

Neither has a dry run of its own. LiteRT plans its arena when it allocates tensors, but touches it in the first
inference only. ONNX Runtime traces its allocations in the first inference; in the second it takes one block for all of
them beside what its arena holds, which can be as large again (enable_mem_pattern, its default).
"""

from edgeprof_agent.fitting.document import DryRunDocument, phases_of
from edgeprof_agent.worker.opening import open_model
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from edgeprof_agent.worker_protocol.document import WorkerJob


def trial(job: WorkerJob, reporter: Reporter) -> DryRunDocument:
    """Raises whatever the runtime raises."""
    opened = open_model(job, reporter)
    if opened.model.kind != "tensor":
        raise RuntimeFailure("load_error", "This runtime has no trial for language models.")
    for phase in ("first_inference", "second_inference"):
        reporter.enter(phase)
        opened.model.infer()
        opened.memory.end_of(phase)
    return {"runtime": job["config"].runtime, "phases": phases_of(opened.memory), "buffers": None}
