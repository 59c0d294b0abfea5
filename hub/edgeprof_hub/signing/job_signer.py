"""A job with the hub's signature, as it is sent."""

import time
from dataclasses import replace

from edgeprof.signing import statement
from edgeprof.wire import codec
from edgeprof.wire.messages import Job, SignedStatement
from edgeprof_hub.signing.job_key import JobKey


class JobSigner:
    """Signs for one hub."""

    def __init__(self, key: JobKey, hub_id: str) -> None:
        self._key = key
        self._hub_id = hub_id

    def sign(self, job: Job, device_id: str, versions: tuple[int, int]) -> Job:
        """The job for this device. `versions`: of this attempt, and the lowest that is still open on the device.

        A job whose message would grow too long for a broker goes without a signature: a device that pinned the key
        then refuses it by name, where it would otherwise never hear of it.
        """
        version, floor = versions
        now_s = time.time()
        text = statement.encoded(
            statement.JobStatement(
                hub_id=self._hub_id,
                device_id=device_id,
                job_id=job.job_id,
                attempt=job.attempt,
                model_id=job.model.model_id,
                content_sha256=statement.content_sha256(codec.encode(job)),
                version=version,
                floor=floor,
                issued_s=now_s,
                expires_s=now_s + statement.VALID_FOR_S,
            )
        )
        signature = self._key.sign(statement.signed_bytes(text)).hex()
        signed = replace(job, signed=SignedStatement(statement=text, signature_hex=signature))
        return signed if len(codec.encode(signed)) <= codec.MAX_MESSAGE_BYTES else job
