"""What a model is fed for items of an evaluation set: arrays for a quantizer that must see real inputs."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import inspect
from edgeprof.wire.messages import RunConfig
from edgeprof_agent.runtimes import registry
from edgeprof_agent.sensors.cgroup_limits import own_threads

_MODULE = "edgeprof_agent.worker.evaluation.record_inputs"
_LIMIT_S = 1800


def record_inputs(model: Path, set_folder: Path, places: Sequence[int], max_feeds: int, folder: Path) -> int:
    """Writes `0.npz`, `1.npz`, ... to `folder`, and returns how many. `places`: of the items in the set.

    The model answers in a child process, as in an evaluation. Raises EdgeprofError `source_not_read`.
    """
    file = inspect(model)
    variant = registry.default_variant(file.format, registry.facts())
    document = {
        "config": asdict(RunConfig(runtime=variant, threads=own_threads(None))),
        "model_path": str(file.folder.resolve() / file.manifest.entry),
        "set_folder": str(set_folder.resolve()),
        "places": list(places),
        "max_feeds": max_feeds,
        "folder": str(folder),
    }
    command = [registry.worker_python(variant), "-m", _MODULE]
    try:
        done = subprocess.run(
            command, input=json.dumps(document), capture_output=True, text=True, errors="replace", timeout=_LIMIT_S
        )
    except subprocess.TimeoutExpired as error:
        raise EdgeprofError("source_not_read", f"{model.name} did not answer within {_LIMIT_S} s.") from error
    lines = done.stdout.splitlines()
    if done.returncode:
        words = [line.removeprefix("problem: ") for line in lines if line.startswith("problem: ")]
        reason = words[-1] if words else f"its process ended with exit code {done.returncode}."
        raise EdgeprofError("source_not_read", f"{model.name} cannot answer the set: {reason}")
    return next((int(line.removeprefix("feeds: ")) for line in lines if line.startswith("feeds: ")), 0)
