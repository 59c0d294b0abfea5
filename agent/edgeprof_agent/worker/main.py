"""The worker's course: read a job, import its runtime, load, measure, tell. Every failure leaves by its name."""

import gc
import json
import sys
from collections.abc import Callable
from functools import partial

from edgeprof_agent.worker.cold import run_cold
from edgeprof_agent.worker.guarded import extra
from edgeprof_agent.worker.lifeline import die_with_parent
from edgeprof_agent.worker.made_up_work import made_up_work
from edgeprof_agent.worker.opening import Opened, open_model
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker.tensor_run import measure_tensor
from edgeprof_agent.worker.text_run import measure_text
from edgeprof_agent.worker_protocol.adapter import Closing, MakesInputs, RuntimeFailure, TensorModel, TextModel
from edgeprof_agent.worker_protocol.document import WorkerJob, job_from
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

_OUT_OF_MEMORY = ("bad_alloc", "Failed to allocate memory", "failed to allocate", "Cannot allocate memory")
MAX_CITED_CHARS = 1_200
"""Of a runtime's own words: the remedy after them must not be cut off."""
_CODE_BY_STAGE = {"import": "runtime_missing", "load": "load_error"}


def main(arguments: list[str]) -> int:
    """`arguments` is the number of the inherited pipe; the job is on stdin. 0: an outcome was told."""
    reporter = Reporter(int(arguments[0]))
    die_with_parent()
    reporter.hello()  # fails on a closed pipe, should the parent have died before that
    job = job_from(json.load(sys.stdin))
    try:
        _run(job, reporter)
    except RuntimeFailure as failure:
        reporter.failed(failure.code, str(failure))
    except MemoryError as error:
        reporter.failed("out_of_memory", f"The worker was refused memory: {error}".rstrip(": "))
    except Exception as error:  # whatever a runtime raises is a fact about the model, not about us
        reporter.failed(_code_of(error, reporter.stage), _sentence(error, job, reporter.stage))
    return 0


def _run(job: WorkerJob, reporter: Reporter) -> None:
    if job["course"] == "cold":
        reporter.cold(run_cold(job, reporter))
        return
    if job["course"] == "evaluate":
        from edgeprof_agent.worker.evaluation.course import run_evaluation  # no part of what others load

        opened = run_evaluation(job, reporter)
        reporter.enter("report", "reading what was executed")
        extra(reporter, "report", partial(_report_operators, opened.model, reporter))
        return
    opened = open_model(job, reporter)
    _measure(opened, job, reporter)
    if job["protocol"].window_only:
        return
    reporter.enter("report", "reading what was executed")
    model, memory = opened.model, opened.memory
    if model.kind == "tensor" and isinstance(model, MakesInputs):
        extra(reporter, "report", partial(_report_made_up_work, model.infer, model, reporter))
    extra(reporter, "report", partial(_report_operators, model, reporter))
    if isinstance(model, Closing):
        model.close()
    del opened, model
    gc.collect()
    reporter.memory_after(memory.end_of("after"))


def _report_made_up_work(infer: Callable[[], object], makes: MakesInputs, reporter: Reporter) -> None:
    reporter.made_up_work(made_up_work(infer, makes))


def _report_operators(model: TensorModel | TextModel, reporter: Reporter) -> None:
    reporter.operators(model.operators())


def _measure(opened: Opened, job: WorkerJob, reporter: Reporter) -> None:
    if opened.model.kind == "tensor":
        try:
            measure_tensor(opened, opened.model, job, reporter)
        except Exception as error:
            refusal = _refusal(error, opened.model)
            if refusal is None:
                raise
            raise refusal from error
    else:
        measure_text(opened, opened.model, job, reporter)


def _refusal(error: Exception, model: TensorModel) -> RuntimeFailure | None:
    """The runtime's refusal of an inference with what was made up for it; None where that has no part in it."""
    hint = model.hint() if isinstance(model, MakesInputs) else ""
    is_memory = isinstance(error, MemoryError) or any(sign in str(error) for sign in _OUT_OF_MEMORY)
    if not hint or is_memory or isinstance(error, RuntimeFailure):
        return None
    words = f"{type(error).__name__}: {error}".strip()
    if len(words) > MAX_CITED_CHARS:
        words = f"{words[: MAX_CITED_CHARS - 1]}…"
    return RuntimeFailure("inference_error", f"{words.rstrip('.')}. {hint}")


def _code_of(error: Exception, stage: str) -> str:
    if any(sign in str(error) for sign in _OUT_OF_MEMORY):
        return "out_of_memory"
    if stage == "import" and not isinstance(error, ImportError):
        return "internal_error"
    return _CODE_BY_STAGE.get(stage, "inference_error")


def _sentence(error: Exception, job: WorkerJob, stage: str) -> str:
    if stage == "import" and isinstance(error, ImportError):
        return _missing(error, job["config"].runtime)
    return f"{type(error).__name__}: {error}"


def _missing(error: ImportError, variant: str) -> str:
    if "libgomp.so.1" in str(error):
        return f"{variant} needs the system library libgomp1. Install it with: sudo apt-get install libgomp1"
    return f"Cannot import {variant} ({error}). Install it with: {VARIANTS[variant].install}"
