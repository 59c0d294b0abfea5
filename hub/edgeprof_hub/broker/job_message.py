"""A job as it is sent to its device."""

from edgeprof.wire import rest
from edgeprof.wire.messages import Job, ModelRef


def job_message(job: rest.JobRecord, model: rest.ModelRecord) -> Job:
    """A job as its device receives it."""
    return Job(
        job_id=job.job_id,
        attempt=job.attempt,
        model=ModelRef(model_id=model.model_id, name=model.name, format=model.format, manifest=model.manifest),
        config=job.config,
        config_key=job.config_key,
        protocol=job.protocol,
    )
