"""What each message from the hub means to the agent, and what it answers."""

import logging
import time

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.wire import codec
from edgeprof.wire.messages import ANNOUNCE, Ack, AckStatus, Cancel, Job, Receipt, Refusal
from edgeprof.wire.run_limits import problem
from edgeprof.wire.run_request import RunConfig, RunProtocol
from edgeprof_agent.daemon import set_files
from edgeprof_agent.daemon.link import HubLink
from edgeprof_agent.daemon.outbox import Outbox, Quarantined
from edgeprof_agent.daemon.runner import Runner
from edgeprof_agent.daemon.sender import Sender
from edgeprof_agent.daemon.session import Inbound
from edgeprof_agent.daemon.store import check_manifest
from edgeprof_agent.daemon.trust import UNPROVEN, JobTrust
from edgeprof_agent.daemon.upgrades import Upgrades

log = logging.getLogger(__name__)

QUARANTINED = "The result stays on the device: {}."


class _JobKey(msgspec.Struct):
    """What can be read of a job that cannot be read."""

    job_id: str
    attempt: int


class Handler:
    """Works on the thread that reads the inbox; a message is acknowledged only after this."""

    def __init__(
        self, runner: Runner, outbox: Outbox, sender: Sender, link: HubLink, trust: JobTrust, upgrades: Upgrades
    ) -> None:
        self._runner = runner
        self._trust = trust
        self._upgrades = upgrades
        upgrades.answer = self._send
        self._outbox = outbox
        self._sender = sender
        self._link = link

    def handle(self, message: Inbound) -> None:
        """Do what the message asks. Raises OSError or sqlite3.OperationalError where the disk does not take it."""
        try:
            content = codec.decode(message.message_class, message.payload)
        except codec.WireError as error:
            log.warning("inbox.unreadable class=%s reason=%s", message.message_class, error)
            self._refuse_unreadable(message, error)
            return
        if isinstance(content, Job):
            self._on_job(content, message.payload)
        elif isinstance(content, (Cancel, Receipt)) and not self._link.is_from_hub(content):
            log.warning("inbox.not_from_hub class=%s", message.message_class)
        elif isinstance(content, Cancel):
            self._runner.cancel(content)
        elif isinstance(content, Receipt):
            self._on_receipt(content)
        elif isinstance(content, Refusal) and content.code == ANNOUNCE:
            self._link.announce()
        elif isinstance(content, Refusal):
            log.error("hub.refusal code=%s message=%s", content.code, content.message)
            self._link.refuse(content.message)

    def _on_job(self, job: Job, payload: bytes) -> None:
        """A known job starts nothing, so it needs no signature to be answered."""
        if self._runner.knows(job):
            self._on_known_job(job)
            return
        try:
            self._trust.check(job, payload)
        except EdgeprofError as error:
            self._ack(job.job_id, job.attempt, "refused", error.message, error.code)
            return
        if job.upgrade is not None and not self._trust.is_pinned:
            self._ack(job.job_id, job.attempt, "refused", UNPROVEN, "upgrade_unproven")
            return
        if job.upgrade is not None:
            answer = self._upgrades.take(job, job.upgrade, is_busy=self._runner.is_busy)
            self._runner.look()
            self._send(answer)
            return
        if reason := self._outbox.full_reason() or _unusable(job):
            self._ack(job.job_id, job.attempt, "refused", reason)
        else:
            self._runner.accept(job)
            self._ack(job.job_id, job.attempt, "accepted")

    def _on_known_job(self, job: Job) -> None:
        """The hub has not heard of its end. Where no result will ever tell it, the answer does."""
        key = job.job_id, job.attempt
        if self._outbox.send_again(*key):
            self._sender.wake()
            self._ack(*key, "duplicate")
        elif reason := self._outbox.quarantine_reason(*key):
            self._ack(*key, "refused", QUARANTINED.format(reason))
        elif self._runner.has_ended(job):
            self._ack(*key, "refused", "The run ended on the device, and its result is no longer there.")
        else:
            self._ack(*key, "duplicate")

    def tell_quarantined(self, result: Quarantined) -> None:
        """Said again when the hub sends the job again, if there is no connection now."""
        if result.job_id:
            self._ack(result.job_id, result.attempt, "refused", QUARANTINED.format(result.reason))

    def _on_receipt(self, receipt: Receipt) -> None:
        if not self._outbox.settle(receipt) and not self._outbox.dispute(receipt):
            log.warning("inbox.receipt_for_nothing result=%s sha256=%s", receipt.result_id, receipt.sha256[:12])
        self._outbox.purge_when_due(time.time(), time.monotonic())
        self._sender.wake()

    def _refuse_unreadable(self, message: Inbound, error: codec.WireError) -> None:
        """The hub hears why, where it can still be told which job it was."""
        if message.message_class != "job":
            return
        try:
            key = msgspec.json.decode(message.payload, type=_JobKey)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return
        code = "job_oversized" if len(message.payload) > codec.MAX_MESSAGE_BYTES else None
        self._ack(key.job_id, key.attempt, "refused", str(error), code)

    def _ack(
        self, job_id: str, attempt: int, status: AckStatus, reason: str | None = None, code: str | None = None
    ) -> None:
        log.info("job.%s job=%s attempt=%d%s", status, job_id, attempt, f" reason={reason}" if reason else "")
        self._send(Ack(job_id=job_id, attempt=attempt, status=status, reason=reason, code=code))

    def _send(self, answer: Ack) -> None:
        self._link.publish("ack", codec.encode(answer), 1)


def _unusable(job: Job) -> str | None:
    """Why no run of this job could be: a hub of ours checks the same, but not everything on a broker is one."""
    try:
        check_manifest(job.model)
        if job.evaluation is not None:
            check_manifest(set_files.of(job.evaluation))
    except EdgeprofError as error:
        return error.message
    if job.config.evaluation_set != (job.evaluation.set_id if job.evaluation is not None else ""):
        return "The job's configuration names another evaluation set than the job brings."
    found = problem(job.config, RunConfig) or problem(job.protocol, RunProtocol)
    return found.sentence if found else None
