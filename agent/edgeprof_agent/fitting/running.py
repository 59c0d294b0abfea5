"""Starts a dry run in a child process with a memory limit and a time limit, and reads what it tells."""

import json
import socket
import threading
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from edgeprof.fit.from_engine import DryRun
from edgeprof.modelfiles import ModelFile
from edgeprof.wire import identity
from edgeprof.wire.messages import ModelRef, RunConfig, RunProtocol
from edgeprof_agent import isolation
from edgeprof_agent.fitting.table import DRY_RUNS
from edgeprof_agent.isolation import Limits, WorkerExit
from edgeprof_agent.measuring.llama_path import path_of
from edgeprof_agent.measuring.model_facts import facts_of
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.measuring.worker_job import job_of
from edgeprof_agent.runtimes import registry

DEADLINE_S = 60.0
MODULE = "edgeprof_agent.fitting.child"


@dataclass(frozen=True)
class Dry:
    """What came of it: the figures, or why there are none, with the failure's code where the runtime gave one."""

    run: DryRun | None
    reason: str = ""
    code: str = ""


def dry_run(file: ModelFile, config: RunConfig, limit_mib: float | None = None, deadline_s: float = DEADLINE_S) -> Dry:
    """Of a model on this machine's runtime. `limit_mib`: what the child may hold. Never raises for the model."""
    path = path_of(config)
    if path.runtime not in DRY_RUNS:
        return Dry(None, f"{path.runtime} has no dry run")
    protocol = RunProtocol(energy=False, cold_start=False, deadline_s=deadline_s)
    request = request_of(file, replace(config, runtime=path.runtime), protocol)
    job = job_of(request, "measure", deadline_s, 0.0, facts=facts_of(request), eval_callback=path.eval_callback)
    told: list[dict[str, Any]] = []

    def take(line: bytes) -> bool:
        event: dict[str, Any] = json.loads(line)
        if event["event"] in ("dry_run", "failed"):
            told.append(event)
        return bool(told)

    command = (registry.worker_python(path.runtime), "-m", MODULE)
    limits = Limits(deadline_s=deadline_s, memory_limit_mib=limit_mib)
    ended = isolation.run(command, msgspec.json.encode(job), limits, take, threading.Event())
    if told and told[0]["event"] == "dry_run":
        return Dry(msgspec.convert(told[0]["dry_run"], DryRun))
    if told:
        return Dry(None, str(told[0]["message"]), str(told[0]["code"]))
    return Dry(None, _died(ended), "out_of_memory" if ended.ending == "memory" or ended.memory_evidence else "crash")


def _died(ended: WorkerExit) -> str:
    if ended.ending == "deadline":
        return "the dry run took too long"
    if ended.ending == "memory" or ended.memory_evidence:
        return "the dry run needed more memory than this machine has"
    return f"the dry run ended with {ended.signal or f'exit code {ended.exit_code}'}"


def request_of(
    file: ModelFile, config: RunConfig, protocol: RunProtocol, memory_limit_mib: float | None = None
) -> MeasureRequest:
    """A run of a file of this machine, on this machine."""
    manifest = file.manifest
    return MeasureRequest(
        result_id=identity.new_id(),
        job_id=None,
        attempt=1,
        device_id=socket.gethostname(),
        model=ModelRef(
            model_id=identity.model_id(manifest), name=manifest.entry, format=file.format, manifest=manifest
        ),
        model_dir=file.folder,
        config=config,
        protocol=protocol,
        emulated=False,
        memory_limit_mib=memory_limit_mib,
        cores=None,
    )
