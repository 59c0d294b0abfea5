"""Jobs on their way to devices. Brokers forget, so what is not answered is sent again; agents know repeats by id."""

import time
from collections.abc import Iterable

from edgeprof.wire import rest
from edgeprof.wire.messages import UPGRADE_ABILITY, Cancel
from edgeprof_hub import device_kinds, hub_clock
from edgeprof_hub.broker.job_message import job_message, upgrade_message
from edgeprof_hub.broker.link import AgentLink
from edgeprof_hub.broker.presence import Presence
from edgeprof_hub.signing.job_signer import JobSigner
from edgeprof_hub.store import upgrades
from edgeprof_hub.store.base import WriteStore
from edgeprof_hub.store.reader import SqliteReader

ANSWER_WITHIN_S = 30.0
ABILITY = "evaluate"
FLASH_ABILITY = "flash"
CANNOT_FLASH = "The agent cannot flash without measuring. Upgrade edgeprof on the device."
CANNOT_EVALUATE = "The agent cannot evaluate. Upgrade edgeprof on the device."
CANNOT_UPGRADE = (
    "The agent is older than upgrades from the hub. Type on the device: "
    "sudo /opt/edgeprof/venv/bin/edgeprof agent upgrade"
)
SET_DELETED = "The evaluation set was deleted from the hub. Push it again: `edgeprof set push`."
REPEAT_CANCELS_S = 24 * 3600.0


class Dispatch:
    """Every method runs on the writer's thread, after the changes that it announces are committed."""

    def __init__(
        self, reader: SqliteReader, link: AgentLink, presence: Presence, signer: JobSigner | None = None
    ) -> None:
        """`signer`: None where no job is sent."""
        self._reader = reader
        self._signer = signer
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
        self._send_upgrades(store, self._reader.upgrades.begun(device_id))

    def send_waiting(self, store: WriteStore) -> None:
        """What was never sent, and what was not answered in time."""
        self._send(store, self._reader.unanswered_jobs(time.time() - ANSWER_WITHIN_S))
        self.send_upgrades(store)

    def send_upgrades(self, store: WriteStore) -> None:
        """Orders to upgrade an agent, a few at a time, and those without an answer again."""
        now_s = time.time()
        self._send_upgrades(store, self._reader.upgrades.due(now_s - ANSWER_WITHIN_S, now_s))

    def _send_upgrades(self, store: WriteStore, orders: Iterable[upgrades.Due]) -> None:
        for due in orders:
            abilities = self._reader.abilities(due.device_id)
            if abilities is None:  # its facts come in a moment
                continue
            if UPGRADE_ABILITY not in abilities:
                store.save_upgrade(due.upgrade_id, "failed", CANNOT_UPGRADE)
                continue
            message = upgrade_message(due.upgrade_id, due.order)
            if self._signer is not None:
                message = self._signer.sign(message, due.device_id, (due.signed_version, 0))
            if self._link.send(due.device_id, "job", message):
                store.save_upgrade(due.upgrade_id, "sent")

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
        waiting = list(jobs)
        held, quarantined = (self._held(), self._reader.quarantines.models()) if waiting else (set[str](), set[str]())
        for job in waiting:
            model = self._reader.model(job.model_id)
            if model is None or (job.campaign_id in held and job.state in ("queued", "sent")):
                continue
            if job.model_id in quarantined and (reason := self._quarantine(job)):
                store.save_job_state(job.job_id, job.attempt, "failed", "", None, reason)
                continue
            evaluation_set = None
            if job.config.evaluation_set:
                evaluation_set = self._set_of(store, job)
                if evaluation_set is None:
                    continue
            if job.config.load_only and not self._can_flash(store, job):
                continue
            message = job_message(job, model, evaluation_set)
            if self._signer is not None:
                message = self._signer.sign(message, job.device_id, store.sign_version(job.job_id, job.attempt))
            if self._link.send(job.device_id, "job", message):
                store.mark_sent(job.job_id, job.attempt, time.time())

    def _can_flash(self, store: WriteStore, job: rest.JobRecord) -> bool:
        """An agent from before would measure the model's speed. False: it waits for the agent's facts, or failed."""
        abilities = self._reader.abilities(job.device_id)
        if abilities is not None and FLASH_ABILITY not in abilities:
            store.save_job_state(job.job_id, job.attempt, "failed", "", None, CANNOT_FLASH)
        return abilities is not None and FLASH_ABILITY in abilities

    def _held(self) -> set[str]:
        """Campaigns of rollouts that are paused or outside their hours. What a device has begun goes on."""
        now_s = time.time()
        return {
            campaign_id
            for campaign_id, state, window in self._reader.rollouts.open_campaigns()
            if state == "paused" or not hub_clock.may_send(window, now_s)
        }

    def _quarantine(self, job: rest.JobRecord) -> str:
        """Why the model is not sent to this kind of device; empty where it may be. What runs there already may end."""
        device = self._reader.device(job.device_id) if job.state in ("queued", "sent") else None
        found = self._reader.quarantines.holding(job.model_id, device_kinds.of_record(device)) if device else None
        if found is None:
            return ""
        return (
            f"Quarantined: crashed {len(found.crashes)} times in a row on {found.kind_title}. "
            f"Lift it with `edgeprof rollout quarantine --lift {found.quarantine_id}`."
        )

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
