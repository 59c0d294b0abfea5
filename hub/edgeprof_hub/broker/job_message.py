"""A job as it is sent to its device."""

from edgeprof.wire import identity, rest
from edgeprof.wire.messages import EvaluationSetRef, Job, Manifest, ModelRef, RunConfig, RunProtocol, UpgradeOrder


def job_message(
    job: rest.JobRecord, model: rest.ModelRecord, evaluation_set: rest.EvaluationSetRecord | None = None
) -> Job:
    """A job as its device receives it. `evaluation_set`: the one that its configuration names."""
    return Job(
        job_id=job.job_id,
        attempt=job.attempt,
        model=ModelRef(
            model_id=model.model_id,
            name=model.name,
            format=model.format,
            manifest=model.manifest,
            family=model.family,
        ),
        config=job.config,
        config_key=job.config_key,
        protocol=job.protocol,
        evaluation=_ref(evaluation_set) if evaluation_set is not None else None,
    )


def upgrade_message(upgrade_id: str, order: UpgradeOrder) -> Job:
    """An order to upgrade, in the form of a job, so that it is signed and answered as one. Its model has no file."""
    manifest, config = Manifest(entry="", files=()), RunConfig(runtime="")
    return Job(
        job_id=upgrade_id,
        attempt=1,
        model=ModelRef(model_id=identity.model_id(manifest), name="", format="onnx", manifest=manifest),
        config=config,
        config_key=identity.config_key(config),
        protocol=RunProtocol(),
        upgrade=order,
    )


def _ref(record: rest.EvaluationSetRecord) -> EvaluationSetRef:
    return EvaluationSetRef(
        set_id=record.set_id, name=record.name, task=record.task, items=record.items, manifest=record.manifest
    )
