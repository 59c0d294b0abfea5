"""Results of one batch: each is looked at and made ready as it comes, and all are stored together."""

import logging
from collections.abc import Sequence

from edgeprof.wire import codec, identity, topics
from edgeprof.wire import messages as m
from edgeprof_hub.blobs import BlobStore, is_hash
from edgeprof_hub.broker.link import Arrival
from edgeprof_hub.events import Change
from edgeprof_hub.ingest.dead_letters import end_job, quarantine, rejected
from edgeprof_hub.ingest.effects import Effects, Spoiled, Unusable, check_sender, is_of_database
from edgeprof_hub.store import arriving, quarantines, rows
from edgeprof_hub.store.arriving import NewResult, Verdict
from edgeprof_hub.store.records import Deleted, UnknownDevice
from edgeprof_hub.store.writer import SqliteWriter

log = logging.getLogger(__name__)

MAX_ATTEMPT = 2**31 - 1
CONFLICT = "The hub already has a different result with this id. It keeps both."


class Results:
    """On the writer's thread, inside its transaction."""

    def __init__(self, artifacts: BlobStore) -> None:
        self._artifacts = artifacts
        self._gathered: list[tuple[Arrival, NewResult]] = []
        self._devices: set[str] = set()
        self._one_by_one = False

    def has_of(self, device_id: str) -> bool:
        """Whether one of this device waits to be stored."""
        return device_id in self._devices

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
                if is_of_database(error):
                    raise
                raise Spoiled from error
            return
        for arrival, one in gathered:
            try:
                with store.transaction():
                    self._store(store, [(arrival, one)], effects)
            except Exception as error:
                if is_of_database(error):
                    raise
                quarantine(store, arrival, topics.parse(arrival.topic), error, effects)

    def gather(self, arrival: Arrival, device_id: str) -> None:
        """Make one ready. Raises WireError, Unusable."""
        result = codec.decode_as(m.Result, arrival.payload)
        check_sender(device_id, result.device_id)
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
            effects.replies.append((one.device_id, rejected(one.result_id, arrival, str(verdict))))
            if one.job_id:
                end_job(store, one.device_id, one.job_id, one.attempt, str(verdict), effects)
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


def _document(payload: bytes, result: m.Result) -> str:
    """As it came, with fields that this release does not know. What is no text there was in one of those."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return rows.to_json(result)
