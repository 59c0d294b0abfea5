"""What a hub signs of a job, and what a device demands of it. Pure: clock and memory are the caller's.

The bytes that were signed travel as they are. Nothing has to be brought into a canonical form before the signature
is checked, so no parser works on bytes that nobody vouches for.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, cast

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.signing.verification import is_signed_by
from edgeprof.wire import identity
from edgeprof.wire.messages import Job, SignedStatement

JOB_CONTEXT = b"edgeprof job 1\n"
"""Before the signed bytes: a signature of something else than a job never passes for one."""
MAX_STATEMENT_BYTES = 4 * 1024
VALID_FOR_S = 30 * 24 * 3600.0
"""As long as a device knows the ids of ended jobs, so that a statement never outlives the memory of its job."""
CLOCK_SLACK_S = 300.0


@dataclass(frozen=True, kw_only=True)
class JobStatement:
    """What the hub vouches for. `version` grows with each job; every version below `floor` is void."""

    hub_id: str
    device_id: str
    job_id: str
    attempt: int
    model_id: str
    """SHA-256 of the manifest, which names each file's path, size and SHA-256."""
    content_sha256: str
    """Of the job's document without its signature: configuration, protocol and evaluation set are in it."""
    version: int
    floor: int
    issued_s: float
    expires_s: float


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What the device knows by itself. `hub_id` empty: it has not accepted a signed job yet.

    `newest_version` and `newest_issued_s` are those of the newest accepted job.
    """

    keys: Sequence[bytes]
    device_id: str
    hub_id: str
    floor: int
    now_s: float
    newest_version: int = 0
    newest_issued_s: float = 0.0


def content_sha256(payload: bytes) -> str:
    """SHA-256 of a job's JSON without `signed`, in canonical form. Raises ValueError for what is no such document."""
    found: object = json.loads(payload, object_pairs_hook=_without_repeats)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    document = {name: value for name, value in cast("dict[str, Any]", found).items() if name != "signed"}
    return identity.sha256_hex(identity.canonical_json(document))


def encoded(statement: JobStatement) -> str:
    """The text that is signed."""
    return identity.canonical_json(asdict(statement)).decode()


def signed_bytes(text: str) -> bytes:
    """What the signature is over."""
    return JOB_CONTEXT + text.encode()


def checked(job: Job, payload: bytes, expected: Expectation) -> JobStatement:
    """The statement of a job that may be run. Raises EdgeprofError whose code names what is wrong with it."""
    statement = _authentic(job.signed, expected.keys)
    if statement.device_id != expected.device_id:
        raise EdgeprofError("job_wrong_device", f"The job is signed for the device {statement.device_id[:60]!r}.")
    if expected.hub_id and statement.hub_id != expected.hub_id:
        raise EdgeprofError("job_wrong_hub", f"The job is signed by the hub {statement.hub_id[:60]!r}.")
    if mixed := _mixed(job, payload, statement):
        raise EdgeprofError("job_mixed", f"The job does not match its signature: {mixed} differs.")
    now_s = _now_s(statement, expected)
    if now_s > statement.expires_s + CLOCK_SLACK_S:
        raise EdgeprofError(
            "job_expired",
            f"The job's signature ended {_days(now_s - statement.expires_s)} ago by this device's clock. "
            "Retry the job, and check the device's clock.",
        )
    if statement.version < expected.floor:
        raise EdgeprofError(
            "job_rolled_back",
            f"The hub has withdrawn this job: version {statement.version} is below {expected.floor}. Start it again.",
        )
    return statement


def _now_s(statement: JobStatement, expected: Expectation) -> float:
    """By the device's clock. For a job that is not the newest, it is at least as late as when the newest was signed.

    A newer job is no replay, so a hub whose clock was once wrong does not lock its devices.
    """
    is_newest = statement.version > expected.newest_version
    return expected.now_s if is_newest else max(expected.now_s, expected.newest_issued_s)


def _authentic(signed: SignedStatement | None, keys: Sequence[bytes]) -> JobStatement:
    if signed is None:
        raise EdgeprofError("job_unsigned", "The job is not signed. This device runs jobs of its own hub only.")
    if len(signed.statement) > MAX_STATEMENT_BYTES:
        raise EdgeprofError("job_oversized", f"The job's signed statement is over {MAX_STATEMENT_BYTES // 1024} KiB.")
    try:
        signature, text = bytes.fromhex(signed.signature_hex), signed_bytes(signed.statement)
    except ValueError as error:
        raise _wrong_signature() from error
    if not any(is_signed_by(key, text, signature) for key in keys):
        raise _wrong_signature()
    try:
        return msgspec.json.decode(signed.statement, type=JobStatement)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise EdgeprofError("job_statement_unreadable", f"The job's signed statement is unreadable: {error}") from error


def _wrong_signature() -> EdgeprofError:
    return EdgeprofError(
        "job_signature_wrong",
        "The job's signature is not by the hub that this device joined. If you moved the hub, join the device again.",
    )


def _mixed(job: Job, payload: bytes, statement: JobStatement) -> str:
    """Which part of the job is not the signed one; empty: none."""
    if (job.job_id, job.attempt) != (statement.job_id, statement.attempt):
        return "the job's id"
    if job.model.model_id != statement.model_id:
        return "the model"
    if identity.model_id(job.model.manifest) != statement.model_id:
        return "a file of the model"
    try:
        is_same = content_sha256(payload) == statement.content_sha256
    except (ValueError, RecursionError):
        return "the document"
    return "" if is_same else "the configuration"


def _days(seconds: float) -> str:
    return f"{seconds / 86400:,.1f} days"


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two parsers may read a repeated key differently, so there is none."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found
