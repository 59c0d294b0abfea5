"""What one message from a device does to the store, and what is to be done once that is committed."""

from edgeprof.wire import codec, topics
from edgeprof.wire import messages as m
from edgeprof_hub.blobs import BlobStore
from edgeprof_hub.broker.claims import Claims
from edgeprof_hub.broker.link import Arrival
from edgeprof_hub.broker.presence import Presence
from edgeprof_hub.events import Change
from edgeprof_hub.ingest.dead_letters import quarantine
from edgeprof_hub.ingest.effects import Effects, Spoiled, Unusable, check_sender, is_of_database
from edgeprof_hub.ingest.results import Results
from edgeprof_hub.store import fleet, upgrades
from edgeprof_hub.store.writer import SqliteWriter

MAX_CODE_CHARS = 60
MARK_EVERY_S = 5.0
"""A device that sends results is marked as seen so often."""


class Inbox:
    """Takes messages one by one, on the writer's thread, inside its transaction. Nothing that comes can stop it.

    Results gather until `finish`, or until another message of their device comes: then they are stored together.
    """

    def __init__(self, site: str, artifacts: BlobStore, presence: Presence, claims: Claims) -> None:
        self._site = site
        self._results = Results(artifacts)
        self._presence = presence
        self._claims = claims
        self._marked_s: dict[str, float] = {}
        """When each device was last marked as seen."""

    def begin(self, *, one_by_one: bool) -> None:
        """A new batch, in a transaction of its own. `one_by_one`: one that was spoiled, in a slower way."""
        self._results.begin(one_by_one=one_by_one)

    def finish(self, store: SqliteWriter, effects: Effects) -> None:
        """Store what has gathered. Raises Spoiled where the database refuses a result in it."""
        self._results.finish(store, effects)

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
                self._results.gather(arrival, topic.device_id)
            else:
                if self._results.has_of(topic.device_id):
                    self._results.finish(store, effects)
                message = codec.decode(topic.message_class, arrival.payload)
                with store.transaction():
                    self._take(store, arrival, topic.device_id, message, effects)
            self._note_seen(topic, arrival.received_s, effects)
        except Exception as error:
            if isinstance(error, Spoiled) or is_of_database(error):
                raise
            quarantine(store, arrival, topic, error, effects)

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
                check_sender(device_id, message.device_id)
                self._take_state(store, arrival, message, effects)
            case m.Facts():
                check_sender(device_id, message.device_id)
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
    if ack.job_id.startswith(upgrades.PREFIX):
        store.change(lambda connection: upgrades.take_ack(connection, device_id, ack))
        effects.changes[Change("device", device_id)] = None
        return
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


def _check_job(store: SqliteWriter, device_id: str, job_id: str) -> None:
    owner = store.job_device(job_id)
    if owner is not None and owner != device_id:
        raise Unusable(f"The job {job_id} is one of another device.")
