"""Results of runs that gave no figure: the same document as any other, with a named failure in it."""

import traceback
from dataclasses import dataclass

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.wire.failures import FailureCode, Stage
from edgeprof.wire.messages import Failure, Result
from edgeprof_agent.daemon.jobs import Started

MAX_LOG_CHARS = 8000


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who this agent is, in every message that it sends."""

    device_id: str
    session_id: str
    name: str
    hostname: str
    emulated: bool
    place: str = ""
    """See `Hello`."""


def failure_of(error: EdgeprofError, stage: Stage) -> Failure:
    """A user-facing error as a failure; one whose code is none of a run is an internal error with its sentence."""
    try:
        code = msgspec.convert(error.code, FailureCode)
    except msgspec.ValidationError:
        code = "internal_error"
    return Failure(stage=stage, code=code, message=error.message)


def internal_error(error: Exception, stage: Stage) -> Failure:
    """A bug, with the end of its traceback."""
    return Failure(
        stage=stage,
        code="internal_error",
        message=f"edgeprof itself failed: {type(error).__name__}: {error}"[:500],
        log="".join(traceback.format_exception(error))[-MAX_LOG_CHARS:],
    )


def failed_result(identity: Identity, begun: Started, failure: Failure) -> Result:
    """What is reported where `measure` gave no result of its own. An agent that waits for work carries none of it."""
    from edgeprof_agent.measuring.reporting import failed_early
    from edgeprof_agent.measuring.worker_run import Header

    job = begun.job
    header = Header(
        result_id=begun.result_id,
        job_id=job.job_id,
        attempt=job.attempt,
        device_id=identity.device_id,
        model=job.model,
        config=job.config,
        protocol=job.protocol,
        emulated=identity.emulated,
        started=begun.started,
    )
    return failed_early(header, failure)
