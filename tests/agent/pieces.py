"""Messages and models that the agent's tests send about."""

import hashlib
import itertools
import time

from edgeprof.wire import identity
from edgeprof.wire.messages import FileRef, Job, ModelRef, Result, RunConfig, RunProtocol, Stamp
from edgeprof_agent.daemon.failed import Identity
from edgeprof_agent.daemon.outbox import Outbox, OutboxEntry

WHO = Identity(device_id="d-0123456789abcdef", session_id="s-1", name="bench", hostname="bench-host", emulated=False)
_numbers = itertools.count(1)


def now() -> Stamp:
    return Stamp(boot_id="boot-1", monotonic_ns=time.monotonic_ns(), wall_s=time.time())


def model(name: str = "tiny", files: dict[str, bytes] | None = None) -> ModelRef:
    contents = files or {"model.onnx": name.encode() * 100}
    manifest = identity.manifest_of(
        next(iter(contents)),
        [
            FileRef(path=path, size=len(data), sha256=hashlib.sha256(data).hexdigest())
            for path, data in contents.items()
        ],
    )
    return ModelRef(model_id=identity.model_id(manifest), name=name, format="onnx", manifest=manifest)


def job(of: ModelRef | None = None, job_id: str | None = None, attempt: int = 1) -> Job:
    config = RunConfig(runtime="onnxruntime")
    return Job(
        job_id=job_id or f"j-{next(_numbers)}",
        attempt=attempt,
        model=of or model(),
        config=config,
        config_key=identity.config_key(config),
        protocol=RunProtocol(),
    )


def result(of: Job, result_id: str | None = None) -> Result:
    return Result(
        result_id=result_id or identity.new_id(),
        job_id=of.job_id,
        attempt=of.attempt,
        device_id=WHO.device_id,
        model_id=of.model.model_id,
        model_name=of.model.name,
        config=of.config,
        config_key=of.config_key,
        protocol=of.protocol,
        status="measured",
        failure=None,
        effective=None,
        metrics=(),
        absent=(),
        samples_ms=(1.0, 2.0),
        artifacts=(),
        started=now(),
        finished=now(),
        before=None,
        after=None,
        isolation=None,
        emulated=False,
        agent_version="0",
    )


def queued(outbox: Outbox, limit: int) -> list[OutboxEntry]:
    """The oldest results that wait, as the sender reads them."""
    return [entry for each in outbox.queued_ids(limit) if (entry := outbox.entry(each)) is not None]
