"""From a bare interpreter to a model that can run: runtime import and load, each timed and its memory read."""

import importlib
import time
from collections.abc import Callable
from typing import NamedTuple, cast

from edgeprof_agent.worker.memory import MemoryBook
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker.threads import thread_count
from edgeprof_agent.worker_protocol.adapter import Runtime, RuntimeFailure, TensorModel, TextModel
from edgeprof_agent.worker_protocol.document import WorkerJob
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS


class Opened(NamedTuple):
    """A model that can run, what it took to get there, and the memory of each phase so far."""

    model: TensorModel | TextModel
    phases_ms: dict[str, float]
    memory: MemoryBook
    threads_before: int | None = None
    """Of the process, with the runtime imported and no model loaded."""


def nothing() -> None:
    """Nothing to do between import and load."""


def open_model(job: WorkerJob, reporter: Reporter, before_load: Callable[[], None] = nothing) -> Opened:
    """Imports and loads. `before_load` is called between the two, untimed."""
    memory = MemoryBook(job["model_files"])
    memory.end_of("interpreter")
    check_settings(job)
    reporter.enter("import", job["config"].runtime)
    runtime, import_ns = imported(job["config"].runtime)
    memory.end_of("runtime")
    before_load()
    threads_before = thread_count()
    reporter.enter("load")
    loading_ns = time.perf_counter_ns()
    model = runtime.open(job)
    loaded_ns = time.perf_counter_ns()
    if model.kind == "tensor" and job["course"] != "evaluate":  # the items of a set are its inputs
        model.bind()
    memory.end_of("load")
    phases_ms = {"runtime_import_ms": import_ns / 1e6, "load_ms": (loaded_ns - loading_ns) / 1e6}
    return Opened(model, phases_ms, memory, threads_before)


def check_settings(job: WorkerJob) -> None:
    """Raises RuntimeFailure for a setting that the runtime does not have: it must not be left out in silence."""
    if not job["config"].settings:
        return
    from edgeprof.wire.runtime_settings import setting_problem  # no part of what most runs load

    problem = setting_problem(job["config"].runtime, job["config"].settings)
    if problem is not None:
        raise RuntimeFailure("load_error", problem)


def imported(variant: str) -> tuple[Runtime, int]:
    """The runtime, and what importing its package took, with its own set-up. Our adapter is not in it."""
    if variant not in VARIANTS:
        raise RuntimeFailure("runtime_missing", f"No runtime {variant!r}. Runtimes: {', '.join(VARIANTS)}.")
    started_ns = time.perf_counter_ns()
    importlib.import_module(VARIANTS[variant].imported)
    imported_ns = time.perf_counter_ns()
    module_name, _, class_name = VARIANTS[variant].target.partition(":")
    adapter = getattr(importlib.import_module(module_name), class_name)
    making_ns = time.perf_counter_ns()
    runtime = cast(Runtime, adapter())
    return runtime, imported_ns - started_ns + time.perf_counter_ns() - making_ns
