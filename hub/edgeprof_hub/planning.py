"""From a request to jobs: which runtime runs which model where. Pure functions."""

from collections.abc import Callable, Sequence

from edgeprof.errors import UsageError
from edgeprof.wire import codec, identity, rest
from edgeprof.wire.messages import MAX_THREADS, Facts, Job, ModelFormat, ModelRef, RunConfig

MOST_JOBS = 5000

_USUAL: dict[ModelFormat, str] = {"onnx": "onnxruntime", "tflite": "litert", "gguf": "llama-cpp-python"}
"""Asked for where a device has none for the format: its own answer, `runtime_missing`, is then the cell's outcome."""


def plan(
    request: rest.CampaignRequest,
    models: Sequence[rest.ModelRecord],
    devices: Sequence[rest.DeviceRecord],
    now_s: float,
    new_id: Callable[[], str] = identity.new_id,
) -> list[rest.JobRecord]:
    """One queued job for each model on each device. Raises UsageError for what cannot be asked."""
    if not models or not devices:
        raise UsageError("empty_campaign", "A campaign needs at least one model and one device.")
    if not 0 <= request.threads <= MAX_THREADS:
        raise UsageError("bad_threads", f"Threads are 0 (every core) to {MAX_THREADS}, not {request.threads}.")
    if len(models) * len(devices) > MOST_JOBS:
        raise UsageError("campaign_too_large", f"A campaign may hold {MOST_JOBS} jobs at most. Split it.")
    campaign_id = new_id()
    pairs = [(device, model) for device in devices for model in models]
    return [_sendable(_job(request, campaign_id, new_id(), model, device, now_s), model) for device, model in pairs]


def message(job: rest.JobRecord, model: rest.ModelRecord) -> Job:
    """A job as its device is told."""
    return Job(
        job_id=job.job_id,
        attempt=job.attempt,
        model=ModelRef(model_id=model.model_id, name=model.name, format=model.format, manifest=model.manifest),
        config=job.config,
        config_key=job.config_key,
        protocol=job.protocol,
    )


def _sendable(job: rest.JobRecord, model: rest.ModelRecord) -> rest.JobRecord:
    if len(codec.encode(message(job, model))) > codec.MAX_MESSAGE_BYTES:
        raise UsageError("job_too_large", f"The job for {model.name} is too long to send. Give it fewer shapes.")
    return job


def resolve(request: rest.CampaignRequest, model: rest.ModelRecord, facts: Facts | None) -> RunConfig:
    """The requested configuration with every choice made. What does not apply to the format stays at its default."""
    runtime = _runtime(request.runtime, model, facts)
    if model.format == "gguf":
        return RunConfig(
            runtime=runtime,
            threads=request.threads,
            provider=request.provider,
            prompt_tokens=request.prompt_tokens,
            decode_tokens=request.decode_tokens,
        )
    return RunConfig(
        runtime=runtime,
        threads=request.threads,
        provider=request.provider,
        shapes=request.shapes or model.input_shapes,
    )


def _runtime(asked: str, model: rest.ModelRecord, facts: Facts | None) -> str:
    known = facts.runtimes if facts else ()
    if asked:
        formats = {fact.variant: fact.formats for fact in known}
        if known and asked not in formats:
            raise UsageError("unknown_runtime", f"There is no runtime {asked!r}. There are: {', '.join(formats)}.")
        if known and model.format not in formats[asked]:
            raise UsageError(
                "runtime_mismatch", f"The runtime {asked} does not run {model.format} models such as {model.name}."
            )
        return asked
    usable = (fact.variant for fact in known if fact.version is not None and model.format in fact.formats)
    return next(usable, _USUAL[model.format])


def _job(
    request: rest.CampaignRequest,
    campaign_id: str,
    job_id: str,
    model: rest.ModelRecord,
    device: rest.DeviceRecord,
    now_s: float,
) -> rest.JobRecord:
    config = resolve(request, model, device.facts)
    return rest.JobRecord(
        job_id=job_id,
        campaign_id=campaign_id,
        attempt=1,
        device_id=device.device_id,
        model_id=model.model_id,
        config=config,
        config_key=identity.config_key(config),
        protocol=request.protocol,
        state="queued",
        stage="",
        fraction=None,
        note="",
        result_id=None,
        created_s=now_s,
        updated_s=now_s,
    )
