"""The worker's course: read a job, import its runtime, load, measure, tell. Every failure leaves by its name."""

import importlib
import json
import os
import sys
import time
from typing import NamedTuple, cast

from edgeprof_agent.runtimes.base import Runtime, RuntimeFailure, TensorModel, TextModel
from edgeprof_agent.runtimes.table import VARIANTS
from edgeprof_agent.worker import memory
from edgeprof_agent.worker.document import Job, Measured
from edgeprof_agent.worker.lifeline import die_with_parent
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker.tensor_run import run_tensor
from edgeprof_agent.worker.text_run import run_text

_OUT_OF_MEMORY = ("bad_alloc", "Failed to allocate memory", "failed to allocate", "Cannot allocate memory")
_CODE_BY_STAGE = {"import": "runtime_missing", "load": "load_error"}


class Loaded(NamedTuple):
    """A model that can run, and what it took to get there."""

    model: TensorModel | TextModel
    phases_ms: dict[str, float]
    baseline_kib: int


def main(arguments: list[str]) -> int:
    """`arguments` is the number of the inherited pipe; the job is on stdin. 0: an outcome was told."""
    reporter = Reporter(int(arguments[0]))
    die_with_parent()
    reporter.hello()  # fails on a closed pipe, should the parent have died before that
    job = cast(Job, json.load(sys.stdin))
    try:
        _run(job, reporter)
    except RuntimeFailure as failure:
        reporter.failed(failure.code, str(failure))
    except MemoryError as error:
        reporter.failed("out_of_memory", f"The worker was refused memory: {error}".rstrip(": "))
    except Exception as error:  # whatever a runtime raises is a fact about the model, not about us
        reporter.failed(_code_of(error, reporter.stage), _sentence(error, job, reporter.stage))
    return 0


def _run(job: Job, reporter: Reporter) -> None:
    loaded = _load(job, reporter)
    reporter.measured(_measure(loaded, job, reporter))
    reporter.enter("report", "reading the executed operators")
    reporter.operators(loaded.model.operators())


def _load(job: Job, reporter: Reporter) -> Loaded:
    reporter.enter("import", job["variant"])
    started_ns = time.perf_counter_ns()
    runtime = _runtime(job["variant"])
    imported_ns = time.perf_counter_ns()
    baseline_kib = memory.resident_kib()
    reporter.enter("load")
    loading_ns = time.perf_counter_ns()
    model = runtime.open(job)
    loaded_ns = time.perf_counter_ns()
    phases_ms = {
        "runtime_import_ms": (imported_ns - started_ns) / 1e6,
        "load_ms": (loaded_ns - loading_ns) / 1e6,
    }
    return Loaded(model, phases_ms, baseline_kib)


def _runtime(variant: str) -> Runtime:
    if variant not in VARIANTS:
        raise RuntimeFailure("runtime_missing", f"There is no runtime {variant!r}. There are: {', '.join(VARIANTS)}.")
    module_name, _, class_name = VARIANTS[variant].target.partition(":")
    return cast(Runtime, getattr(importlib.import_module(module_name), class_name)())


def _measure(loaded: Loaded, job: Job, reporter: Reporter) -> Measured:
    if loaded.model.kind == "tensor":
        return _measure_tensor(loaded, loaded.model, job, reporter)
    return _measure_text(loaded, loaded.model, job, reporter)


def _measure_tensor(loaded: Loaded, model: TensorModel, job: Job, reporter: Reporter) -> Measured:
    setting = model.setting()
    times = run_tensor(model, job, reporter)
    setting["notes"] += times.notes
    return {
        "kind": "tensor",
        "phases_ms": {**loaded.phases_ms, "first_inference_ms": times.first_inference_ns / 1e6},
        "series_ns": {"latency": times.latency_ns},
        "absent": {},
        "window": times.window,
        "prompt_tokens": 0,
        "decode_steps": [],
        "baseline_kib": loaded.baseline_kib,
        "peak_kib": times.peak_kib,
        "affinity": sorted(os.sched_getaffinity(0)),
        "setting": setting,
    }


def _measure_text(loaded: Loaded, model: TextModel, job: Job, reporter: Reporter) -> Measured:
    setting = model.setting()
    times = run_text(model, job, reporter)
    return {
        "kind": "text",
        "phases_ms": {**loaded.phases_ms, "first_inference_ms": times.first_inference_ns / 1e6},
        "series_ns": {
            "prefill": [prefill.prompt_ns for prefill in times.prefills],
            "ttft": [prefill.first_token_ns for prefill in times.prefills],
            "decode": [decode.total_ns for decode in times.decodes],
            "inter_token": [gap_ns for decode in times.decodes for gap_ns in decode.gaps_ns],
        },
        "absent": model.absent,
        "window": times.decode_window,
        "prompt_tokens": job["prompt_tokens"],
        "decode_steps": [decode.steps for decode in times.decodes],
        "baseline_kib": loaded.baseline_kib,
        "peak_kib": memory.peak_kib(),
        "affinity": sorted(os.sched_getaffinity(0)),
        "setting": setting,
    }


def _code_of(error: Exception, stage: str) -> str:
    if any(sign in str(error) for sign in _OUT_OF_MEMORY):
        return "out_of_memory"
    if stage == "import" and not isinstance(error, ImportError):
        return "internal_error"
    return _CODE_BY_STAGE.get(stage, "inference_error")


def _sentence(error: Exception, job: Job, stage: str) -> str:
    if stage == "import" and isinstance(error, ImportError):
        return _missing(error, job["variant"])
    return f"{type(error).__name__}: {error}"


def _missing(error: ImportError, variant: str) -> str:
    if "libgomp.so.1" in str(error):
        return f"{variant} needs the system library libgomp1. Install it with: sudo apt-get install libgomp1"
    return f"{variant} cannot be imported ({error}). Install it with: {VARIANTS[variant].install}"
