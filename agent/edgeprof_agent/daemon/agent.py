"""The agent as a whole: what each message from the hub means, and which thread does what, from start to farewell."""

import logging
import queue
import secrets
import socket
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgeprof.errors import EdgeprofError
from edgeprof.sd_notify import Notifier
from edgeprof.wire import codec
from edgeprof.wire.messages import (
    Bootstrap,
    Facts,
    Progress,
    Stamp,
    Vitals,
)
from edgeprof_agent.config import AgentSettings
from edgeprof_agent.daemon.condition import Condition, LastError
from edgeprof_agent.daemon.database import Database
from edgeprof_agent.daemon.download import download
from edgeprof_agent.daemon.failed import Identity
from edgeprof_agent.daemon.folder import StateFolder
from edgeprof_agent.daemon.handler import Handler
from edgeprof_agent.daemon.http import HubHttp
from edgeprof_agent.daemon.installed import Installed
from edgeprof_agent.daemon.jobs import Jobs
from edgeprof_agent.daemon.journals import Journals
from edgeprof_agent.daemon.link import HubLink
from edgeprof_agent.daemon.outbox import Outbox
from edgeprof_agent.daemon.recall import Recall
from edgeprof_agent.daemon.runner import Evaluate, Measure, Parts, Runner
from edgeprof_agent.daemon.sender import Sender
from edgeprof_agent.daemon.session import Inbound
from edgeprof_agent.daemon.store import ModelStore
from edgeprof_agent.daemon.trust import JobTrust
from edgeprof_agent.daemon.upgrades import Upgrades

if TYPE_CHECKING:
    from edgeprof_agent.identity.renewal import Renewal

log = logging.getLogger(__name__)

RUN_ENDS_WITHIN_S = 10.0
LAST_RECEIPTS_S = 3.0
STOP_POLL_S = 1.0

Turn = Callable[[], None]
"""Called by the thread that reads the inbox when it comes to it: that thread turns, then."""


def _nothing_read(_folder: Path) -> Vitals:
    return Vitals()


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What the daemon asks of the machine it is on."""

    measure: Callable[[Identity], Measure]
    evaluate: Callable[[Identity], Evaluate]
    facts: Callable[[Identity], Facts]
    now: Callable[[], Stamp]
    vitals: Callable[[Path], Vitals] = _nothing_read
    """Of the machine alone. Called with the agent's state folder."""
    shares_process: bool = False
    """Whether other agents are in this process: a warning is then the last error of the agent whose thread logs it."""


class Agent:
    """One agent on one state folder."""

    def __init__(self, settings: AgentSettings, machine: Machine) -> None:
        hub, self._renewal = _hub(settings)
        self._folder = StateFolder(settings.data)
        self._error: BaseException | None = None
        self._stops: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._inbox: queue.SimpleQueue[Inbound | Turn | None] = queue.SimpleQueue()
        self.identity = _identity(settings, self._folder)
        self._database = Database(settings.data / "agent.db")
        self._outbox = Outbox(self._database, settings.data / "artifacts", settings.outbox_budget)
        jobs = Jobs(self._database)
        self._purge_jobs = jobs.purge
        self._journals = Journals(settings.data / "evaluations")
        self._last_error = LastError(of_threads=machine.shares_process)
        self._link = HubLink(
            hub,
            self.identity,
            lambda: machine.facts(self.identity),
            self,
            settings.keepalive_s,
            settings.retry,
            Condition(
                lambda: machine.vitals(settings.data),
                self._outbox.unreceipted,
                self._outbox.quarantined,
                self._last_error,
            ),
        )
        self._sender = Sender(
            self._outbox,
            self.identity.device_id,
            hub,
            Recall(self._outbox, hub, self.identity.device_id, settings.data),
            lambda payload: self._link.publish("result", payload, 1),
            settings.resend_after_s,
            settings.retry,
        )
        self._installed = Installed(settings.data)
        store = ModelStore(
            settings.data,
            settings.store_budget_mib * 2**20,
            lambda file, part, cancelled, on_bytes: download(hub, file, part, settings.download, cancelled, on_bytes),
            limit_mbps=settings.download_limit_mbps,
            spare_last=self._installed.previous,
        )
        upgrades = Upgrades(settings.data, lambda: machine.now().boot_id)
        self._runner = Runner(
            Parts(
                identity=self.identity,
                database=self._database,
                jobs=jobs,
                outbox=self._outbox,
                store=store,
                installed=self._installed,
                measure=machine.measure(self.identity),
                evaluate=machine.evaluate(self.identity),
                journals=self._journals,
                now=machine.now,
                send_progress=self._send_progress,
                on_result=self._sender.wake,
                upgrades=upgrades,
                readable=self._link.readable,
            )
        )

        trust = JobTrust(settings.data / "identity", self.identity.device_id)
        self._handler = Handler(self._runner, self._outbox, self._sender, self._link, trust, upgrades)
        self._outbox.on_quarantine = self._handler.tell_quarantined

    def run(self, notifier: Notifier) -> None:
        """Work until `stop`; raises what ended the agent if it was not that.

        The watchdog is fed through the inbox: a thread that hangs on a message or on the database starves it.
        """
        logging.getLogger("edgeprof_agent").addHandler(self._last_error)
        log.info("agent.started device=%s name=%s", self.identity.device_id, self.identity.name)
        self._purge_jobs(time.time())
        self._journals.purge(time.time())
        self._outbox.purge(time.time())
        self._installed.link()
        runner = self._thread("runner", self._runner.run)
        others = [
            self._thread("inbox", self._read_inbox),
            self._thread("courier", self._sender.run),
            self._thread("link", self._link.run),
        ]
        if self._renewal is not None:
            others.append(self._thread("renewal", self._renewal.run))
        notifier.ready()
        self._wait_for_stop(notifier)
        notifier.stopping()
        self._shut_down(runner, others)
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """End `run`; safe in a signal handler, also in one that interrupts another: `put` takes no lock."""
        self._stops.put(None)

    def _wait_for_stop(self, notifier: Notifier) -> None:
        """Returns within STOP_POLL_S: the kernel may give a signal to another thread, which does not wake this one."""
        poll_s = min(STOP_POLL_S, notifier.period_s or STOP_POLL_S)
        while True:
            if notifier.is_due():
                self._inbox.put(notifier.alive)
            try:
                return self._stops.get(timeout=poll_s)
            except queue.Empty:
                continue

    def unreceipted(self) -> int:
        """Results that the hub has not confirmed."""
        return self._outbox.unreceipted()

    def on_message(self, message: Inbound) -> None:
        self._inbox.put(message)

    def on_claimed(self) -> None:
        self._runner.allow()

    def on_refused(self) -> None:
        self._runner.forbid()

    def on_online(self, bootstrap: Bootstrap) -> None:
        self._sender.online(bootstrap)

    def on_offline(self) -> None:
        self._sender.offline()

    def _shut_down(self, runner: threading.Thread, others: list[threading.Thread]) -> None:
        """The run in progress ends as interrupted, its result is offered to the hub, then the farewell."""
        self._runner.stop()
        runner.join(RUN_ENDS_WITHIN_S)
        if self._sender.is_online and not runner.is_alive():
            self._sender.wake()
            self._sender.empty.wait(LAST_RECEIPTS_S)
        self._link.stop()
        self._sender.stop()
        if self._renewal is not None:
            self._renewal.stop()
        self._inbox.put(None)
        for thread in others:
            thread.join(RUN_ENDS_WITHIN_S)
        if not any(thread.is_alive() for thread in (runner, *others)):
            self._database.close()
        self._folder.release()
        logging.getLogger("edgeprof_agent").removeHandler(self._last_error)
        log.info("agent.stopped device=%s", self.identity.device_id)

    def _thread(self, name: str, work: Callable[[], None]) -> threading.Thread:
        """An agent with a dead part is worse than none: what ends a thread ends the agent; systemd restarts it."""

        def guarded() -> None:
            self._last_error.adopt(threading.get_ident())
            try:
                work()
            except BaseException as error:
                if not isinstance(error, EdgeprofError):
                    log.exception("agent.thread_died thread=%s", name)
                self._error = self._error or error
                self._stops.put(None)

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def _read_inbox(self) -> None:
        while (message := self._inbox.get()) is not None:
            if not isinstance(message, Inbound):
                message()
                continue
            try:
                self._handler.handle(message)
            except (sqlite3.OperationalError, OSError) as error:
                # Not acknowledged: the broker brings it again with the next connection.
                log.error("inbox.not_stored class=%s reason=%s", message.message_class, error)
                continue
            message.ack()

    def _send_progress(self, progress: Progress) -> None:
        self._link.publish("progress", codec.encode(progress), 0)


def _hub(settings: AgentSettings) -> "tuple[HubHttp, Renewal | None]":
    """Who has joined shows its own credential, over TLS, and the shared token to nobody."""
    if not settings.hub.startswith("https://") or not (settings.data / "identity").exists():
        return HubHttp(settings.hub, settings.token), None
    from edgeprof_agent.identity.files import DeviceIdentity  # an agent that has joined no hub carries none of it
    from edgeprof_agent.identity.renewal import Renewal

    joined = DeviceIdentity.of(settings.data)
    if joined is None:
        return HubHttp(settings.hub, settings.token), None
    hub = HubHttp(settings.hub, joined.token, context=joined.context)
    return hub, Renewal(joined, hub.renew, hub.trusted_cas)


def _identity(settings: AgentSettings, folder: StateFolder) -> Identity:
    return Identity(
        device_id=folder.device_id(),
        session_id=f"s-{secrets.token_hex(8)}",
        name=settings.name,
        hostname=socket.gethostname(),
        emulated=settings.emulate is not None,
        place=folder.place(),
    )
