"""Jobs on their way to devices. Brokers forget, so what is not answered is sent again; agents know repeats by id."""

import time
from collections.abc import Iterable

from edgeprof.wire import rest
from edgeprof.wire.messages import Cancel
from edgeprof_hub.broker.job_message import job_message
from edgeprof_hub.broker.link import AgentLink
from edgeprof_hub.broker.presence import Presence
from edgeprof_hub.store.base import ReadStore, WriteStore

ANSWER_WITHIN_S = 30.0
ABILITY = "evaluate"
CANNOT_EVALUATE = "The agent cannot evaluate. Upgrade edgeprof on the device."
SET_DELETED = "The evaluation set was deleted from the hub. Push it again: `edgeprof set push`."
REPEAT_CANCELS_S = 24 * 3600.0


class Dispatch:
    """Every method runs on the writer's thread, after the changes that it announces are committed."""

    def __init__(self, reader: ReadStore, link: AgentLink, presence: Presence) -> None:
        self._reader = reader
        self._link = link
        self._presence = presence

    def check_presence(self, store: WriteStore) -> list[str]:
        """Ask the agents that may be gone, and give up those that did not answer. Returns the devices of the latter."""
        if not self._link.is_connected:
            return []
        gone = self._presence.drop_silent()
        for session in gone:
            store.mark_offline(session.device_id, session.session_id)
        for device_id in self._presence.to_ask():
            self._link.ask(device_id)
        return [session.device_id for session in gone]

    def give_up(self, store: WriteStore, device_id: str) -> None:
        """A device that was shut out: a broker that throws a client out for its password sends no will of it."""
        session = self._presence.current(device_id)
        if session is not None:
            self._presence.died(device_id, session.session_id)
            store.mark_offline(device_id, session.session_id)
        self._link.forget_retained(device_id)

    def greet(self, store: WriteStore, device_id: str) -> None:
        """At a device's birth: cancels that it may have missed, then everything that it has not ended."""
        for job in self._reader.cancels_to_repeat(device_id, time.time() - REPEAT_CANCELS_S):
            self.notify_cancelled(job)
        self._send(store, self._reader.open_jobs(device_id))

    def send_waiting(self, store: WriteStore) -> None:
        """What was never sent, and what was not answered in time."""
        self._send(store, self._reader.unanswered_jobs(time.time() - ANSWER_WITHIN_S))

    def cancel(self, store: WriteStore, job_ids: Iterable[str]) -> list[str]:
        """End these jobs, and notify the devices that know of them. Returns the ids of those that had not ended."""
        known = [self._reader.job(job_id) for job_id in job_ids]  # as they are now: some may have been sent meanwhile
        with store.transaction():
            ended = [
                job
                for job in known
                if job and store.save_job_state(job.job_id, job.attempt, "cancelled", "", None, "cancelled")
            ]
        for job in ended:
            self.notify_cancelled(job)
        return [job.job_id for job in ended]

    def notify_cancelled(self, job: rest.JobRecord) -> None:
        """Notifies the device, unless the job was never sent to it."""
        if job.state != "queued":
            self._link.send(job.device_id, "cancel", Cancel(job_id=job.job_id, attempt=job.attempt))

    def _send(self, store: WriteStore, jobs: Iterable[rest.JobRecord]) -> None:
        for job in jobs:
            model = self._reader.model(job.model_id)
            if model is None:
                continue
            evaluation_set = None
            if job.config.evaluation_set:
                evaluation_set = self._set_of(store, job)
                if evaluation_set is None:
                    continue
            if self._link.send(job.device_id, "job", job_message(job, model, evaluation_set)):
                store.mark_sent(job.job_id, job.attempt, time.time())

    def _set_of(self, store: WriteStore, job: rest.JobRecord) -> rest.EvaluationSetRecord | None:
        """The set of a job that evaluates. None: it waits for the agent's facts, or has failed just now.

        An agent from before evaluations would read the job as one that measures speed.
        """
        abilities = self._reader.abilities(job.device_id)
        if abilities is None:
            return None
        found = self._reader.evaluation_set(job.config.evaluation_set)
        reason = CANNOT_EVALUATE if ABILITY not in abilities else SET_DELETED if found is None else ""
        if reason:
            store.save_job_state(job.job_id, job.attempt, "failed", "", None, reason)
            return None
        return found
