"""The phones at this host's adb, each as an agent of its own: started when it is ready, ended when it has left.

All of them share this process; each has its own state folder, device id, outbox and connection.
"""

import logging
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.sd_notify import Notifier
from edgeprof.wire.messages import Facts, Failure, Result
from edgeprof.wire.vitals import Vitals
from edgeprof_agent.config import AgentSettings
from edgeprof_agent.daemon.agent import Agent, Machine
from edgeprof_agent.daemon.failed import Identity, failed_result
from edgeprof_agent.daemon.jobs import Started
from edgeprof_agent.daemon.runner import Evaluate, Measure
from edgeprof_agent.phones import phone as phones
from edgeprof_agent.phones.bridge import Attached, Bridge, PhoneLost
from edgeprof_agent.phones.facts import facts_of
from edgeprof_agent.phones.folder import phone_folder
from edgeprof_agent.phones.phone import Phone
from edgeprof_agent.phones.runners.base import Installed
from edgeprof_agent.phones.runners.table import runtime_facts
from edgeprof_agent.phones.states import READY, problem
from edgeprof_agent.telemetry.state import stamp
from edgeprof_agent.worker_protocol.progress import OnProgress

log = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
GONE_AFTER_S = 10.0
"""A loose cable, or a phone that starts again its USB, is not a phone that left."""
TRY_AGAIN_S = 30.0
ENDS_WITHIN_S = 30.0
_ADB = "(adb)"
_NO_SETS = Failure(
    stage="start",
    code="unsupported_task",
    message="Runners on phones evaluate no sets. Evaluate the model on a board.",
)


@dataclass(kw_only=True)
class _Client:
    """A phone's agent and the thread that it runs in."""

    phone: Phone
    agent: Agent
    thread: threading.Thread
    seen_s: float


class Fleet:
    """Watches adb, and starts and ends the phones' agents. `run` blocks until `stop`."""

    def __init__(self, bridge: Bridge, settings: AgentSettings, runners: Mapping[str, Installed]) -> None:
        self._bridge, self._settings, self._runners = bridge, settings, runners
        self._stopping = threading.Event()
        self._clients: dict[str, _Client] = {}
        self._by_serial: dict[str, str] = {}
        self._reported: dict[str, set[str]] = {}
        self._not_before_s: dict[str, float] = {}

    def stop(self) -> None:
        """End `run`. Safe in a signal handler that interrupts a wait: setting twice is harmless."""
        self._stopping.set()

    def run(self, notifier: Notifier) -> None:
        """Until `stop`. A host without adb is an error at the start, and a wait later. Raises NoAdbServer."""
        self._look(self._bridge.attached())
        notifier.ready()
        while not self._stopping.wait(LOOK_EVERY_S):
            if notifier.is_due():
                notifier.alive()
            try:
                self._look(self._bridge.attached())
                self._say(_ADB, "")
            except EdgeprofError as error:
                self._say(_ADB, error.message)
        notifier.stopping()
        self._end(list(self._clients.values()))

    def online(self) -> list[str]:
        """Device ids of the phones whose agents run."""
        return [device_id for device_id, client in self._clients.items() if client.thread.is_alive()]

    def _look(self, attached: list[Attached]) -> None:
        now_s = time.monotonic()
        for each in attached:
            if each.state == READY:
                self._say(each.serial, "")
                self._keep(each.serial, now_s)
            else:
                found = problem(each.state)
                self._say(each.serial, f"{each.state}: {found.meaning}. {found.remedy}")
        for serial in set(self._by_serial) - {each.serial for each in attached if each.state == READY}:
            del self._by_serial[serial]
        for serial in set(self._reported) - {each.serial for each in attached} - {_ADB}:
            del self._reported[serial]
        left = [client for client in self._clients.values() if now_s - client.seen_s > GONE_AFTER_S]
        self._end(left)

    def _keep(self, serial: str, now_s: float) -> None:
        """The phone is there: its agent runs, or is started. Over USB and Wi-Fi at once it is still one phone."""
        if now_s < self._not_before_s.get(serial, 0.0):
            return
        device_id = self._by_serial.get(serial)
        if device_id is None:
            try:
                phone = phones.found(self._bridge, serial)
            except PhoneLost as error:
                self._say(serial, f"it does not answer: {error}")
                return
            device_id = self._by_serial[serial] = phone.device_id
            if device_id not in self._clients:
                self._start(phone, now_s)
        client = self._clients.get(device_id)
        if client is None:
            del self._by_serial[serial]
            return
        if client.phone.serial not in self._by_serial:
            client.phone.serial = serial
        client.seen_s = now_s
        if not client.thread.is_alive():  # its reason is in the log
            self._forget(client)
            self._not_before_s[serial] = now_s + TRY_AGAIN_S

    def _start(self, phone: Phone, now_s: float) -> None:
        try:
            agent = Agent(settings_of(self._settings, phone), machine_of(phone, self._runners))
        except (EdgeprofError, OSError) as error:
            log.error("phone.not_started device=%s reason=%s", phone.device_id, error)
            self._not_before_s[phone.serial] = now_s + TRY_AGAIN_S
            return
        thread = threading.Thread(target=_serve, args=(agent, phone), name=phone.device_id, daemon=True)
        self._clients[phone.device_id] = _Client(phone=phone, agent=agent, thread=thread, seen_s=now_s)
        log.info("phone.attached device=%s name=%s", phone.device_id, phone.name)
        thread.start()

    def _end(self, clients: list[_Client]) -> None:
        """All at once: each may take its time for the last result."""
        for client in clients:
            log.info("phone.left device=%s", client.phone.device_id)
            client.agent.stop()
        for client in clients:
            client.thread.join(ENDS_WITHIN_S)
            self._forget(client)

    def _forget(self, client: _Client) -> None:
        self._clients.pop(client.phone.device_id, None)
        for serial in [serial for serial, known in self._by_serial.items() if known == client.phone.device_id]:
            del self._by_serial[serial]

    def _say(self, subject: str, sentence: str) -> None:
        """Each sentence once until the phone is ready or gone: adb asks an unauthorized one again and again.

        Serial numbers stay in this host's log.
        """
        if not sentence:
            self._reported.pop(subject, None)
        elif sentence not in self._reported.setdefault(subject, set()):
            self._reported[subject].add(sentence)
            log.warning("phone.unusable serial=%s %s", subject, sentence)


def settings_of(settings: AgentSettings, phone: Phone) -> AgentSettings:
    """The phone's own: its state folder, with its id in it, and its name."""
    folder = phone_folder(settings.data, phone.device_id)
    if settings.hub.startswith("https://") and not (folder / "identity").exists():
        log.warning(
            "phone.not_joined device=%s A hub with --tls lets in only devices that joined it. Stop this agent, then: "
            "edgeprof agent join --hub %s --phone %s --data %s",
            phone.device_id,
            settings.hub,
            phone.device_id,
            settings.data,
        )
    return replace(settings, data=folder, name=phone.name, emulate=phone.emulates)


def machine_of(phone: Phone, runners: Mapping[str, Installed]) -> Machine:
    """What the daemon asks of its machine, asked of the phone."""

    def facts(identity: Identity) -> Facts:
        with tempfile.TemporaryDirectory(prefix="edgeprof-phone-") as folder:
            try:
                phone.read_facts(Path(folder))
            except PhoneLost as error:
                raise EdgeprofError("phone_not_answering", f"The phone does not answer over adb: {error}.") from error
            return facts_of(Path(folder), identity.device_id, identity.session_id, runtime_facts(dict(runners)))

    def vitals(_folder: Path) -> Vitals:
        return phone.vitals()

    def measure_for(identity: Identity) -> Measure:
        def measure_one(
            begun: Started, folder: Path, on_progress: OnProgress, cancelled: threading.Event
        ) -> tuple[Result, Mapping[str, bytes]]:
            from edgeprof_agent.phones.measure import measure_on  # phones that wait for work carry none of it

            return measure_on(phone, runners, identity, begun, folder, on_progress, cancelled)

        return measure_one

    def evaluate_for(identity: Identity) -> Evaluate:
        def evaluate_one(
            begun: Started, folder: Path, sets: Path, journal: Path, on_progress: OnProgress, cancelled: threading.Event
        ) -> tuple[Result, Mapping[str, bytes]]:
            return failed_result(identity, begun, _NO_SETS), {}

        return evaluate_one

    return Machine(
        measure=measure_for, evaluate=evaluate_for, facts=facts, now=stamp, vitals=vitals, shares_process=True
    )


def _serve(agent: Agent, phone: Phone) -> None:
    """The phone's agent until it ends. It shares the process, so it does not speak for the service."""
    try:
        agent.run(Notifier({}))
    except EdgeprofError as error:
        log.error("phone.ended device=%s reason=%s", phone.device_id, error.message)
    except Exception:
        log.exception("phone.ended device=%s", phone.device_id)
