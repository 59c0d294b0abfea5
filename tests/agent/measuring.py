"""Requests to measure real small models, and a worker command that misbehaves."""

import shutil
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from edgeprof.modelfiles import inspect
from edgeprof.wire import identity
from edgeprof.wire.messages import ModelRef, Result, RunConfig, RunProtocol
from edgeprof_agent.measuring.measure import measure
from edgeprof_agent.measuring.request import MeasureRequest

BUNDLED = Path(__file__).parents[2] / "model_exports/edgeprof_exports/bundled"
MACHINES = Path(__file__).parents[1] / "machines"
QUICK = RunProtocol(
    warmup_runs=1,
    warmup_limit_s=0.3,
    min_runs=6,
    window_s=0.05,
    window_limit_s=0.1,
    deadline_s=60,
    cold_start=False,
    heat_wait_s=0.0,
    energy=False,
)


def unheard(stage: str, fraction: float | None, note: str) -> None:
    """Progress that nobody looks at."""


def misbehaving(mode: str) -> Sequence[str]:
    return (sys.executable, str(Path(__file__).with_name("worker_misbehaving.py")), mode)


def request_for(
    path: Path,
    runtime: str = "onnxruntime",
    *,
    protocol: RunProtocol = QUICK,
    memory_limit_mib: float | None = None,
    cores: tuple[int, ...] | None = None,
    shapes: dict[str, tuple[int, ...]] | None = None,
    dims: dict[str, int] | None = None,
    input_values: dict[str, str] | None = None,
    provider: str = "cpu",
    settings: dict[str, str] | None = None,
) -> MeasureRequest:
    found = inspect(path)
    return MeasureRequest(
        result_id=identity.new_id(),
        job_id="job-1",
        attempt=1,
        device_id="d-0123456789abcdef",
        model=ModelRef(
            model_id=identity.model_id(found.manifest), name=path.name, format=found.format, manifest=found.manifest
        ),
        model_dir=found.folder,
        config=RunConfig(
            runtime=runtime,
            threads=1,
            provider=provider,
            shapes=shapes or {},
            dims=dims or {},
            input_values=input_values or {},
            settings=settings or {},
        ),
        protocol=protocol,
        emulated=False,
        memory_limit_mib=memory_limit_mib,
        cores=cores,
    )


def measured(request: MeasureRequest, worker: Sequence[str] | None = None) -> Result:
    """The result of a run that nobody watches or cancels."""
    return measure(request, unheard, threading.Event(), worker)[0]


def values(result: Result) -> dict[str, float]:
    return {row.metric: row.value for row in result.metrics}


def machine(name: str, folder: Path) -> Path:
    """A copy of a recorded machine, which a test may change."""
    return Path(shutil.copytree(MACHINES / name, folder / name))
