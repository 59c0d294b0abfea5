"""Messages that cannot be used: kept, answered where that helps, and the end of the job that one was the result of."""

import logging

import msgspec

from edgeprof.wire import codec, identity, topics
from edgeprof.wire import messages as m
from edgeprof_hub.broker.link import Arrival
from edgeprof_hub.events import Change
from edgeprof_hub.ingest.effects import Effects, Unusable
from edgeprof_hub.store.base import WriteStore

log = logging.getLogger(__name__)


class _Ids(msgspec.Struct):
    """What is read of a result that cannot be read."""

    result_id: str
    job_id: str | None = None
    attempt: int = 1


def quarantine(
    store: WriteStore, arrival: Arrival, topic: topics.Topic | None, error: Exception, effects: Effects
) -> None:
    """Keep a dead letter, and tell the device what it can do about it. A result that is none ends its job."""
    if not isinstance(error, (codec.WireError, Unusable)):
        log.error("message.failed topic=%s", arrival.topic[:200], exc_info=error)
    reason = str(error) or type(error).__name__
    store.save_dead_letter(arrival.topic, arrival.payload, reason, arrival.received_s)
    if topic is None:
        return
    ids = _ids_of(topic, arrival.payload)
    if isinstance(error, codec.WireVersionError):
        effects.replies.append((topic.device_id, m.Refusal(code="wire_version", message=reason)))
    elif ids and isinstance(error, (codec.WireError, Unusable)):
        effects.replies.append((topic.device_id, rejected(ids.result_id, arrival, reason)))
    if ids and ids.job_id and isinstance(error, (codec.WireError, Unusable)):
        end_job(store, topic.device_id, ids.job_id, ids.attempt, reason, effects)


def rejected(result_id: str, arrival: Arrival, reason: str) -> m.Receipt:
    """The receipt of what is refused for good."""
    digest = identity.sha256_hex(arrival.payload)
    return m.Receipt(result_id=result_id, sha256=digest, status="rejected", reason=reason)


def end_job(store: WriteStore, device_id: str, job_id: str, attempt: int, reason: str, effects: Effects) -> None:
    """The device has ended the job, and no result of it will ever be stored."""
    if store.job_device(job_id) != device_id:
        return
    note = f"The hub cannot store its result: {reason}"
    if store.save_job_state(job_id, attempt, "failed", "report", None, note):
        effects.changes[Change("job", job_id)] = None


def _ids_of(topic: topics.Topic, payload: bytes) -> _Ids | None:
    """The ids of a result of which nothing else can be read."""
    if topic.message_class != "result":
        return None
    try:
        return msgspec.json.decode(payload, type=_Ids)
    except (ValueError, RecursionError):
        return None
