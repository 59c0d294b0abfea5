"""The parts of a worker's job that opening a model reads, for a program that measures nothing."""

from types import SimpleNamespace
from typing import Any, cast

from edgeprof_agent.worker_protocol.document import WorkerJob


def plain_opening(job: dict[str, Any]) -> WorkerJob:
    """Of `config` (a RunConfig's fields) and `model_path`."""
    opening: dict[str, Any] = {
        "course": "evaluate",
        "config": SimpleNamespace(**job["config"]),
        "protocol": SimpleNamespace(seed=0),
        "model_path": job["model_path"],
        "inputs": [],
        "vocabulary": None,
        "endpoint": None,
        "eval_callback": False,
    }
    return cast(WorkerJob, opening)
