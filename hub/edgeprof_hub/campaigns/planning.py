"""From a request to jobs: which runtime runs which model where. Pure functions."""

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from edgeprof.errors import UsageError
from edgeprof.modelfiles.context_length import check_context
from edgeprof.wire import codec, identity, rest
from edgeprof.wire.evidence import SweepAt
from edgeprof.wire.formats import FIRST_RUNTIME, is_language
from edgeprof.wire.messages import Facts, ModelFormat, RunConfig, RunProtocol
from edgeprof.wire.run_field import fields_of
from edgeprof.wire.run_request import RunOptions
from edgeprof.wire.runtime_settings import setting_problem
from edgeprof_hub.broker.job_message import job_message
from edgeprof_hub.campaigns import evaluation_jobs
from edgeprof_hub.campaigns.validation import check

MAX_JOBS = 5000

_WRONG_PLACE = (
    "None of these pairs can run. Served models run on endpoints only, and endpoints run served models only. "
    "Start one with `edgeprof agent run --endpoint URL`. An older agent runs no ORT models; upgrade it."
)


Item = TypeVar("Item")


@dataclass(frozen=True)
class RunAgain:
    """A run to repeat with exactly its configuration: it fills the same cell."""

    device: rest.DeviceRecord
    model: rest.ModelRecord
    config: RunConfig
    protocol: RunProtocol


def too_large() -> UsageError:
    """Of a campaign with more than `MAX_JOBS`."""
    return UsageError("campaign_too_large", f"A campaign holds at most {MAX_JOBS} jobs. Split it.")


def plan(
    request: rest.CampaignRequest,
    models: Sequence[rest.ModelRecord],
    devices: Sequence[rest.DeviceRecord],
    now_s: float,
    new_id: Callable[[], str] = identity.new_id,
    sets: Sequence[rest.EvaluationSetRecord] = (),
    ran: Collection[tuple[str, str]] = (),
) -> list[rest.JobRecord]:
    """The jobs of each model on each device, in the order in which a device is to do them.

    Served models run on endpoints only, and endpoints run served models only. Evaluations come after the speed of all
    models; one that a device cannot run is a failed job with its reason. `ran`: devices and models that have met.
    Raises UsageError for a request that no device can run.
    """
    if not models or not devices:
        raise UsageError("empty_campaign", "A campaign needs at least one model and one device.")
    check(request)
    _check_sweep(request.protocol.sweep, models)
    _check_inputs(request, models)
    evaluation_jobs.check(request, sets, models)
    _check_flash_only(request, models)
    if len(models) * len(devices) * (request.repeats + len(sets)) > MAX_JOBS:
        raise too_large()
    campaign_id = new_id()
    jobs: list[rest.JobRecord] = []
    for device in devices:
        able = [model for model in models if device.measures(model.format)]
        order = blocks(able, request.repeats, f"{campaign_id} {device.device_id}")
        if not request.evaluate_only:
            jobs += [_sendable(_job(request, campaign_id, new_id(), model, device, now_s), model) for model in order]
        for model in able:
            speed = _job(request, campaign_id, "", model, device, now_s)
            jobs += [
                _evaluation(speed, new_id(), one, request, model, device, (device.device_id, model.model_id) in ran)
                for one in sets
                if evaluation_jobs.fits(one, model)
            ]
    if not jobs:
        raise UsageError("wrong_place", _WRONG_PLACE)
    return jobs


def one_job(
    config: RunConfig,
    protocol: RunProtocol,
    model: rest.ModelRecord,
    device: rest.DeviceRecord,
    now_s: float,
    new_id: Callable[[], str] = identity.new_id,
    evaluation_set: rest.EvaluationSetRecord | None = None,
) -> rest.JobRecord:
    """A queued job with exactly this configuration: nothing is resolved again, so it fills the same cell.

    `evaluation_set`: the one that the configuration names; a device that cannot evaluate gets a failed job.
    """
    if not device.measures(model.format):
        raise UsageError("wrong_place", _WRONG_PLACE)
    job = _queued(config, protocol, new_id(), new_id(), (device.device_id, model.model_id), now_s)
    return _sendable(_or_refused(job, evaluation_set, model, device, has_model=True), model, evaluation_set)


def interleaved(
    runs: Sequence[RunAgain], repeats: int, now_s: float, new_id: Callable[[], str] = identity.new_id
) -> list[rest.JobRecord]:
    """The same runs again, as one campaign: on each device every run once per block, in a new random order per block.

    Raises UsageError for a campaign that is too large, or a model that its device cannot run.
    """
    if len(runs) * repeats > MAX_JOBS:
        raise too_large()
    campaign_id = new_id()
    by_device: dict[str, list[RunAgain]] = {}
    for run in runs:
        if not run.device.measures(run.model.format):
            raise UsageError("wrong_place", _WRONG_PLACE)
        by_device.setdefault(run.device.device_id, []).append(run)
    return [
        _sendable(
            _queued(run.config, run.protocol, campaign_id, new_id(), (device_id, run.model.model_id), now_s), run.model
        )
        for device_id, own in by_device.items()
        for run in blocks(own, repeats, f"{campaign_id} {device_id}")
    ]


def blocks(models: Sequence[Item], repeats: int, seed: str) -> list[Item]:
    """Every item once per block, in a new random order per block, so drift on the device affects all of them alike.

    Randomized complete blocks (Fisher, The Design of Experiments, 1935). The same seed draws the same order. A single
    block has nothing to balance, so it keeps the requested order.
    """
    if repeats == 1:
        return list(models)
    draw = random.Random(seed)  # seeding with a text is by SHA-512, the same on every machine and release
    return [model for _ in range(repeats) for model in draw.sample(models, len(models))]


def _evaluation(
    speed: rest.JobRecord,
    job_id: str,
    one: rest.EvaluationSetRecord,
    request: rest.CampaignRequest,
    model: rest.ModelRecord,
    device: rest.DeviceRecord,
    has_model: bool,
) -> rest.JobRecord:
    config = evaluation_jobs.config_of(speed.config, one, request.shots)
    protocol = evaluation_jobs.protocol_of(request.protocol)
    job = replace(speed, job_id=job_id, config=config, config_key=identity.config_key(config), protocol=protocol)
    return _sendable(_or_refused(job, one, model, device, has_model=has_model), model, one)


def _or_refused(
    job: rest.JobRecord,
    one: rest.EvaluationSetRecord | None,
    model: rest.ModelRecord,
    device: rest.DeviceRecord,
    *,
    has_model: bool,
) -> rest.JobRecord:
    """The job, failed at once where the device cannot run it."""
    if one is None:
        return job
    reason = evaluation_jobs.refusal(one, job.config, model, device, has_model=has_model)
    return replace(job, state="failed", note=reason) if reason else job


def _sendable(
    job: rest.JobRecord, model: rest.ModelRecord, one: rest.EvaluationSetRecord | None = None
) -> rest.JobRecord:
    if len(codec.encode(job_message(job, model, one))) > codec.MAX_MESSAGE_BYTES:
        raise UsageError("job_too_large", f"The job for {model.name} is too large to send. Use fewer shapes.")
    return job


def resolve(request: rest.CampaignRequest, model: rest.ModelRecord, facts: Facts | None) -> RunConfig:
    """The requested configuration with every choice made. What does not apply to the format stays at its default."""
    kind = "text" if is_language(model.format) else "tensor"
    useful = (each.name for each in fields_of(RunOptions) if each.known.models in ("all", kind))
    chosen: dict[str, Any] = {name: getattr(request, name) for name in useful}
    config = replace(RunConfig(**chosen), runtime=_runtime(request.runtime, model, facts))
    problem = setting_problem(config.runtime, config.settings)
    if problem is not None:
        raise UsageError("bad_runtime_setting", problem)
    if kind == "text":
        return config
    signature = config.signature if model.format == "tflite" else ""
    return replace(config, shapes=config.shapes or model.input_shapes, signature=signature)


def _check_flash_only(request: rest.CampaignRequest, models: Sequence[rest.ModelRecord]) -> None:
    """What only measuring has a use for would be lost in silence."""
    if not request.flash_only:
        return
    protocol = request.protocol
    if request.evaluation_sets or request.repeats > 1 or protocol.sweep or protocol.soak_s:
        raise UsageError("flash_only", "Flashing alone measures nothing. Leave out repeats, sweep, soak and sets.")
    if any(model.format == "served" for model in models):
        raise UsageError("flash_only", "A hosted model has no files, so it cannot be flashed. Leave it out.")


def _check_sweep(points: Sequence[SweepAt], models: Sequence[rest.ModelRecord]) -> None:
    """A point that no model has a use for would be lost in silence."""
    formats: set[ModelFormat] = {model.format for model in models}
    if any(not any(_applies(at, each) for each in formats) for at in points):
        raise UsageError(
            "bad_sweep",
            "A sweep over tokens needs a language model; a sweep over input shapes needs any other model.",
        )


def _check_inputs(request: rest.CampaignRequest, models: Sequence[rest.ModelRecord]) -> None:
    """What is chosen for inputs, and no model has such inputs."""
    chosen = {"values of inputs": request.input_values, "sizes of symbols": request.dims, "shapes": request.shapes}
    lost = [title for title, values in chosen.items() if values]
    if lost and all(is_language(model.format) for model in models):
        raise UsageError(
            "bad_input", f"Language models take text only: leave out {' and '.join(lost)}, or choose another model."
        )


def protocol_for(protocol: RunProtocol, model_format: ModelFormat) -> RunProtocol:
    """The protocol of a measurement of speed, without the points of a sweep that this format has no use for."""
    points = tuple(at for at in protocol.sweep if _applies(at, model_format))
    return replace(protocol, sweep=points, evaluation_items=0)


def _applies(at: SweepAt, model_format: ModelFormat) -> bool:
    return not at.shapes if is_language(model_format) else bool(at.shapes)


def _runtime(requested: str, model: rest.ModelRecord, facts: Facts | None) -> str:
    known = facts.runtimes if facts else ()
    if requested:
        formats = {fact.variant: fact.formats for fact in known}
        if known and requested not in formats:
            raise UsageError(
                "unknown_runtime", f"No runtime {requested!r} on this device. Runtimes: {', '.join(formats)}."
            )
        if known and model.format not in formats[requested]:
            raise UsageError(
                "runtime_mismatch", f"The runtime {requested} does not run {model.format} models such as {model.name}."
            )
        return requested
    able = [fact for fact in known if model.format in fact.formats]
    # A configured interpreter that fails gives a failed run with its reason, not another runtime's figures.
    first = [fact for fact in able if fact.named_python] or [fact for fact in able if fact.version is not None] or able
    # Where none is installed, the device's own answer, `runtime_missing`, is the cell's outcome.
    return first[0].variant if first else FIRST_RUNTIME[model.format]


def _job(
    request: rest.CampaignRequest,
    campaign_id: str,
    job_id: str,
    model: rest.ModelRecord,
    device: rest.DeviceRecord,
    now_s: float,
) -> rest.JobRecord:
    config, protocol = resolve(request, model, device.facts), protocol_for(request.protocol, model.format)
    config = replace(config, load_only=request.flash_only)
    if is_language(model.format):
        check_context(model.name, model.context_tokens, config)
    return _queued(config, protocol, campaign_id, job_id, (device.device_id, model.model_id), now_s)


def _queued(
    config: RunConfig, protocol: RunProtocol, campaign_id: str, job_id: str, place: tuple[str, str], now_s: float
) -> rest.JobRecord:
    device_id, model_id = place
    return rest.JobRecord(
        job_id=job_id,
        campaign_id=campaign_id,
        attempt=1,
        device_id=device_id,
        model_id=model_id,
        config=config,
        config_key=identity.config_key(config),
        protocol=protocol,
        state="queued",
        stage="",
        fraction=None,
        note="",
        result_id=None,
        created_s=now_s,
        updated_s=now_s,
    )
