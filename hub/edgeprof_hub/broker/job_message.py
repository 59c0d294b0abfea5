"""A job as it is sent to its device."""

from edgeprof.wire import rest
from edgeprof.wire.messages import EvaluationSetRef, Job, ModelRef


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


def _ref(record: rest.EvaluationSetRecord) -> EvaluationSetRef:
    return EvaluationSetRef(
        set_id=record.set_id, name=record.name, task=record.task, items=record.items, manifest=record.manifest
    )
