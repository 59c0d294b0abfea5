"""What one message from a device does to the store, and what is to be done once that is committed."""

import logging
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from edgeprof.wire import codec, identity, topics
from edgeprof.wire import messages as m
from edgeprof_hub.blobs import BlobStore, is_hash
from edgeprof_hub.broker.claims import Claims
from edgeprof_hub.broker.link import Arrival
from edgeprof_hub.broker.presence import Presence
from edgeprof_hub.events import Change
from edgeprof_hub.store import arriving, fleet, quarantines, rows, trouble
from edgeprof_hub.store.arriving import NewResult, Verdict
from edgeprof_hub.store.base import Deleted, UnknownDevice
from edgeprof_hub.store.writer import SqliteWriter

log = logging.getLogger(__name__)

MAX_ATTEMPT = 2**31 - 1
MAX_CODE_CHARS = 60
MARK_EVERY_S = 5.0
"""A device that sends results is marked as seen so often."""
CONFLICT = "The hub already has a different result with this id. It keeps both."


@dataclass
class Effects:
    """What follows a batch of messages after its commit."""

    replies: list[tuple[str, m.Receipt | m.Refusal]] = field(default_factory=lambda: [])
    births: list[str] = field(default_factory=lambda: [])
    changes: dict[Change, None] = field(default_factory=lambda: {})
    """A set that keeps its order."""
    seen: set[str] = field(default_factory=lambda: set())
    to_ask: dict[str, None] = field(default_factory=lambda: {})
    """Devices that may be there without a session that the hub knows."""


class Unusable(Exception):
    """A readable message with invalid contents."""


class Spoiled(Exception):
    """The database refuses something in a batch: it is taken back, and stored again one by one."""


class _Ids(msgspec.Struct):
    """What is read of a result that cannot be read."""

    result_id: str
    job_id: str | None = None
    attempt: int = 1


class Inbox:
    """Takes messages one by one, on the writer's thread, inside its transaction. Nothing that comes can stop it.

    Results gather until `finish`, or until another message of their device comes: then they are stored together.
    """

    def __init__(self, site: str, artifacts: BlobStore, presence: Presence, claims: Claims) -> None:
        self._site = site
        self._artifacts = artifacts
        self._presence = presence
        self._claims = claims
        self._gathered: list[tuple[Arrival, NewResult]] = []
        self._devices: set[str] = set()
        """Of the gathered results."""
        self._one_by_one = False
        self._marked_s: dict[str, float] = {}
        """When each device was last marked as seen."""

    def begin(self, *, one_by_one: bool) -> None:
        """A new batch, in a transaction of its own. `one_by_one`: one that was spoiled, in a slower way."""
        self._gathered, self._devices, self._one_by_one = [], set(), one_by_one

    def finish(self, store: SqliteWriter, effects: Effects) -> None:
        """Store what has gathered. Raises Spoiled where the database refuses a result in it."""
        gathered, self._gathered, self._devices = self._gathered, [], set()
        if not self._one_by_one:
            try:
                self._store(store, gathered, effects)
            except Exception as error:
                if _is_of_database(error):
                    raise
                raise Spoiled from error
            return
        for arrival, one in gathered:
            try:
                with store.transaction():
                    self._store(store, [(arrival, one)], effects)
            except Exception as error:
                if _is_of_database(error):
                    raise
                self._quarantine(store, arrival, topics.parse(arrival.topic), error, effects)

    def take(self, store: SqliteWriter, arrival: Arrival, effects: Effects) -> None:
        """Take one message. An invalid one becomes a dead letter; only a failing database raises, and Spoiled."""
        topic = topics.parse(arrival.topic)
        if topic and (topic.site != self._site or _is_cleared(topic, arrival)):
            return
        if topic and arrival.is_retained:  # kept by the broker: perhaps from before a power cut. Who is there says so
            effects.to_ask[topic.device_id] = None
            return
        try:
            if topic is None or topic.message_class not in topics.UPWARD:
                raise Unusable("Devices must not write to this topic.")
            if topic.message_class == "result":
                self._gather(arrival, topic.device_id)
            else:
                if topic.device_id in self._devices:
                    self.finish(store, effects)
                message = codec.decode(topic.message_class, arrival.payload)
                with store.transaction():
                    self._take(store, arrival, topic.device_id, message, effects)
            self._note_seen(topic, arrival.received_s, effects)
        except Exception as error:
            if isinstance(error, Spoiled) or _is_of_database(error):
                raise
            self._quarantine(store, arrival, topic, error, effects)

    def _note_seen(self, topic: topics.Topic, received_s: float, effects: Effects) -> None:
        """Not for each of many results: a device's row lies on a page of its own, which would be written each time."""
        device_id = topic.device_id
        if topic.message_class != "result" or not 0 <= received_s - self._marked_s.get(device_id, 0.0) < MARK_EVERY_S:
            self._marked_s[device_id] = received_s
            effects.seen.add(device_id)
        if topic.message_class != "state" and not self._presence.heard(device_id):
            effects.to_ask[device_id] = None

    def _take(
        self, store: SqliteWriter, arrival: Arrival, device_id: str, message: m.Message, effects: Effects
    ) -> None:
        match message:
            case m.State():
                _check_sender(device_id, message.device_id)
                self._take_state(store, arrival, message, effects)
            case m.Facts():
                _check_sender(device_id, message.device_id)
                _take_facts(store, message)
                effects.changes[Change("device", device_id)] = None
            case m.Ack():
                _take_ack(store, device_id, message, effects)
            case m.Progress():
                _check_job(store, device_id, message.job_id)
                store.save_job_state(
                    message.job_id, message.attempt, "running", message.stage, message.fraction, message.note
                )
                effects.changes[Change("job", message.job_id)] = None
            case _:
                raise Unusable("Only the hub sends this message class.")

    def _take_state(self, store: SqliteWriter, arrival: Arrival, state: m.State, effects: Effects) -> None:
        if not state.online:
            self._presence.died(state.device_id, state.session_id)
            self._claims.ended(state)
        else:
            self._presence.born(state, is_proven=self._claims.born(state) or state.is_answer)
            if state.is_answer and store.is_online(state.device_id, state.session_id):
                if state.vitals is not None:
                    _take_vitals(store, state.device_id, state.vitals, arrival, effects)
                return  # nothing began: what was sent to it need not be sent again
        is_news = store.save_state(state, arrival.received_s)
        if state.vitals is not None:
            _take_vitals(store, state.device_id, state.vitals, arrival, effects)
        if not is_news:
            return
        effects.changes[Change("device", state.device_id)] = None
        if state.online:
            effects.births.append(state.device_id)

    def _gather(self, arrival: Arrival, device_id: str) -> None:
        result = codec.decode_as(m.Result, arrival.payload)
        _check_sender(device_id, result.device_id)
        wrong = [artifact.name for artifact in result.artifacts if not is_hash(artifact.sha256)]
        if wrong:
            raise Unusable(f"The artifact {wrong[0]!r} has an invalid SHA-256.")
        if not 0 < result.attempt <= MAX_ATTEMPT:
            raise Unusable(f"The attempt {str(result.attempt)[:40]} is not between 1 and {MAX_ATTEMPT:,}.")
        if not all(self._artifacts.has(artifact.sha256) for artifact in result.artifacts):
            log.info("result.artifact_missing result=%s", result.result_id)
            return  # no receipt: the agent stores the artifact and sends the result again
        digest = identity.sha256_hex(arrival.payload)
        one = arriving.prepared(result, _document(arrival.payload, result), digest, arrival.received_s)
        self._gathered.append((arrival, one))
        self._devices.add(device_id)

    def _store(self, store: SqliteWriter, gathered: Sequence[tuple[Arrival, NewResult]], effects: Effects) -> None:
        verdicts = store.save_results([one for _, one in gathered])
        for (arrival, one), verdict in zip(gathered, verdicts, strict=True):
            self._follow(store, arrival, one, verdict, effects)

    def _follow(
        self, store: SqliteWriter, arrival: Arrival, one: NewResult, verdict: Verdict, effects: Effects
    ) -> None:
        """What the device is told, and what changed."""
        if isinstance(verdict, UnknownDevice):
            log.info("result.before_birth result=%s", one.result_id)
            effects.to_ask[one.device_id] = None
            return  # no receipt: it comes again, and the birth before it
        if isinstance(verdict, Deleted):
            effects.replies.append((one.device_id, _rejected(one.result_id, arrival, str(verdict))))
            if one.job_id:
                _end_job(store, one.device_id, one.job_id, one.attempt, str(verdict), effects)
            return
        reason = CONFLICT if verdict == "conflict" else None
        if reason:
            log.error("result.conflict result=%s device=%s", one.result_id, one.device_id)
        receipt = m.Receipt(result_id=one.result_id, sha256=one.payload_sha256, status=verdict, reason=reason)
        effects.replies.append((one.device_id, receipt))
        if verdict == "stored":
            effects.changes[Change("result", one.result_id)] = None
            if one.failure is not None and store.change(lambda db: quarantines.note_crash(db, one)) is not None:
                log.warning("model.quarantined model=%s device=%s", one.model_id, one.device_id)
                effects.changes[Change("rollout", "")] = None
            if one.job_id:
                effects.changes[Change("job", one.job_id)] = None

    def _quarantine(
        self, store: SqliteWriter, arrival: Arrival, topic: topics.Topic | None, error: Exception, effects: Effects
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
            effects.replies.append((topic.device_id, _rejected(ids.result_id, arrival, reason)))
        if ids and ids.job_id and isinstance(error, (codec.WireError, Unusable)):
            _end_job(store, topic.device_id, ids.job_id, ids.attempt, reason, effects)


def _is_of_database(error: Exception) -> bool:
    """Whether no message is to blame: the disk is full, the database locked or broken."""
    return isinstance(error, sqlite3.OperationalError) or trouble.is_of_file(error)


def _document(payload: bytes, result: m.Result) -> str:
    """As it came, with fields that this release does not know. What is no text there was in one of those."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return rows.to_json(result)


def _rejected(result_id: str, arrival: Arrival, reason: str) -> m.Receipt:
    digest = identity.sha256_hex(arrival.payload)
    return m.Receipt(result_id=result_id, sha256=digest, status="rejected", reason=reason)


def _end_job(store: SqliteWriter, device_id: str, job_id: str, attempt: int, reason: str, effects: Effects) -> None:
    """The device has ended the job, and no result of it will ever be stored."""
    if store.job_device(job_id) != device_id:
        return
    note = f"The hub cannot store its result: {reason}"
    if store.save_job_state(job_id, attempt, "failed", "report", None, note):
        effects.changes[Change("job", job_id)] = None


def _take_vitals(store: SqliteWriter, device_id: str, vitals: m.Vitals, arrival: Arrival, effects: Effects) -> None:
    store.change(lambda connection: fleet.save_vitals(connection, device_id, vitals, arrival.received_s))
    effects.changes[Change("device", device_id)] = None


def _take_facts(store: SqliteWriter, facts: m.Facts) -> None:
    from edgeprof_devices import load_profiles, match  # read when the first device comes

    if facts.endpoint is not None:
        store.save_facts(facts, None, "an endpoint has no device profile: the machine behind it is unknown")
        return
    found = match(facts)
    title = load_profiles()[found.profile_id].title if found.profile_id else None
    store.save_facts(facts, found.profile_id, found.reason, title)


def _take_ack(store: SqliteWriter, device_id: str, ack: m.Ack, effects: Effects) -> None:
    _check_job(store, device_id, ack.job_id)
    if ack.status == "refused":
        store.save_job_state(ack.job_id, ack.attempt, "failed", "", None, _why_refused(ack))
    else:
        store.save_job_state(ack.job_id, ack.attempt, "accepted", "", None, "")
    effects.changes[Change("job", ack.job_id)] = None


def _why_refused(ack: m.Ack) -> str:
    reason = ack.reason or "the device refused it"
    return f"{reason} [{ack.code[:MAX_CODE_CHARS]}]" if ack.code else reason


def _is_cleared(topic: topics.Topic, arrival: Arrival) -> bool:
    """Whether this is a retained message being taken away, as the hub does when a device is deleted."""
    return not arrival.payload and topic.message_class in ("state", "facts")


def _check_sender(topic_device: str, named_device: str) -> None:
    if topic_device != named_device:
        raise Unusable(f"The topic is that of {topic_device}, the message says that it is of {named_device[:60]!r}.")


def _check_job(store: SqliteWriter, device_id: str, job_id: str) -> None:
    owner = store.job_device(job_id)
    if owner is not None and owner != device_id:
        raise Unusable(f"The job {job_id} is one of another device.")


def _ids_of(topic: topics.Topic, payload: bytes) -> _Ids | None:
    """The ids of a result of which nothing else can be read."""
    if topic.message_class != "result":
        return None
    try:
        return msgspec.json.decode(payload, type=_Ids)
    except (ValueError, RecursionError):
        return None
