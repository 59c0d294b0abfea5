"""The hub's order to upgrade this agent: kept on disk, begun between two runs, and answered once it is over.

Another process does it (`installing/requested.py`), as it stops this one. Until its outcome is there no run begins, so
that a version on trial measures nothing.
"""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.version import __version__
from edgeprof.wire.messages import UPGRADED, Ack, Job, UpgradeOrder
from edgeprof_agent.daemon.durable import replace_durably

log = logging.getLogger(__name__)

FILE = "upgrade.json"
PATIENCE_S = 45 * 60.0
"""For the whole of it: a runtime over a weak link takes a while."""
SEEN_WITHIN_S = 60.0
"""From the request to the start of the unit that takes it."""
POLL_S = 1.0


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """The newest order. `code` and `message` are those of its end; an empty code is success."""

    job_id: str
    attempt: int
    version: str
    wheel_sha256: str
    phase: Literal["waiting", "begun", "ended"] = "waiting"
    boot_id: str = ""
    begun_s: float = 0.0
    """Of the monotonic clock of this boot."""
    code: str = ""
    message: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What the other process left."""

    job_id: str
    attempt: int
    code: str
    message: str


class Upgrades:
    """Safe from any thread. `answer` sends; what is not sent now is sent when the hub repeats its order."""

    def __init__(self, data: Path, boot_id: Callable[[], str]) -> None:
        self._file = data / FILE
        self._data = data
        self._boot_id = boot_id
        self._lock = threading.Lock()
        self._order = self._read()
        self.answer: Callable[[Ack], None] = lambda _: None

    def take(self, job: Job, order: UpgradeOrder, *, is_busy: bool) -> Ack:
        """What to answer. Raises OSError where the disk does not take it."""
        with self._lock:
            known = self._order
            if known is None or (known.job_id, known.attempt) != (job.job_id, job.attempt):
                if known is not None and known.phase == "begun":
                    return _refused(job.job_id, job.attempt, "upgrade_running", "Another upgrade of this agent runs.")
                known = Order(
                    job_id=job.job_id, attempt=job.attempt, version=order.version, wheel_sha256=order.wheel_sha256
                )
                if _is_installed(known):
                    known = msgspec.structs.replace(known, phase="ended")
                self._keep(known)
            return _ack(known, "It begins once the run in progress has ended." if is_busy else "")

    def holds(self) -> bool:
        """Whether no run may begin now. Begins the upgrade if it waits. Called between two runs."""
        with self._lock:
            order = self._order
            if order is None or order.phase == "ended":
                return False
            if order.phase == "waiting":
                self._begin(order)
                return True
            ended = self._ended(order)
            if ended is None:
                return True
            self._end(*ended)
            return False

    def _begin(self, order: Order) -> None:
        """It is on the disk before the other process starts: what follows may be the end of this one."""
        boot_id, now_s = self._boot_id(), time.monotonic()
        self._keep(msgspec.structs.replace(order, phase="begun", boot_id=boot_id, begun_s=now_s))
        log.info("upgrade.begun version=%s", order.version)
        try:
            launch(order, self._data)
        except EdgeprofError as error:
            self._end(error.code, error.message)
        except OSError as error:
            self._end("upgrade_failed", f"The upgrade could not be started: {error}.")

    def _ended(self, order: Order) -> tuple[str, str] | None:
        """Code and message, or None while it goes on."""
        for outcome in filter(None, map(_outcome, _outcome_files(self._data))):
            if (outcome.job_id, outcome.attempt) == (order.job_id, order.attempt):
                return outcome.code, outcome.message
        passed_s = time.monotonic() - order.begun_s
        if order.boot_id == self._boot_id() and passed_s < PATIENCE_S:
            return _unseen(self._data) if passed_s > SEEN_WITHIN_S else None
        if _is_installed(order):
            return "", ""
        cut_off = EdgeprofError(
            "upgrade_interrupted", f"The upgrade was cut off. edgeprof {__version__} runs. Order it again."
        )
        return cut_off.code, cut_off.message

    def _end(self, code: str, message: str) -> None:
        if self._order is None:
            return
        ended = msgspec.structs.replace(self._order, phase="ended", code=code, message=message)
        self._keep(ended)
        log.log(logging.WARNING if code else logging.INFO, "upgrade.ended code=%s %s", code or "none", message)
        self.answer(_ack(ended, ""))

    def _keep(self, order: Order) -> None:
        replace_durably(self._file, msgspec.json.encode(order))
        self._order = order

    def _read(self) -> Order | None:
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Order)
        except (OSError, msgspec.MsgspecError, ValueError):
            return None


def _ack(order: Order, note: str) -> Ack:
    if order.phase != "ended":
        return Ack(job_id=order.job_id, attempt=order.attempt, status="accepted", reason=note or None)
    if order.code:
        return _refused(order.job_id, order.attempt, order.code, order.message)
    return Ack(job_id=order.job_id, attempt=order.attempt, status="accepted", reason=__version__, code=UPGRADED)


def _refused(job_id: str, attempt: int, code: str, message: str) -> Ack:
    return Ack(job_id=job_id, attempt=attempt, status="refused", reason=message, code=code)


def _is_installed(order: Order) -> bool:
    """Whether this very process runs from the ordered wheel."""
    from edgeprof_agent.installing import environment  # an agent without an order carries none of it

    made_of = environment.installed_in(Path(sys.prefix))
    is_it = made_of is not None and order.wheel_sha256 in made_of.wheels.values()
    return is_it and order.version == __version__


def launch(order: Order, data: Path) -> None:
    """Raises EdgeprofError `upgrade_unavailable` with what to type on the device."""
    from edgeprof_agent.installing import places as placing
    from edgeprof_agent.installing.requested import OUTCOME, REQUEST

    places = placing.noted_in(Path(sys.prefix))
    if places is None:
        raise _unavailable(
            "This agent was not installed by the hub's line. Upgrade it as it was installed, such as "
            f"{sys.executable} -m pip install --upgrade edgeprof, or run the line of the page Add a device."
        )
    in_unit = placing.UNIT in Path("/proc/self/cgroup").read_text()
    if in_unit and not (places.units / "edgeprof-upgrade.path").exists():
        raise _unavailable("edgeprof-upgrade.path is not installed. Run the line of the page Add a device again.")
    if not in_unit and not os.access(places.versions, os.W_OK):
        raise _unavailable(
            f"Without systemd this agent cannot change {places.prefix}. "
            f"Type on the device: sudo {places.program} agent upgrade"
        )
    request = {name: getattr(order, name) for name in ("job_id", "attempt", "version", "wheel_sha256")}
    (data / OUTCOME).unlink(missing_ok=True)
    replace_durably(data / REQUEST, msgspec.json.encode(request))
    if in_unit:
        return  # edgeprof-upgrade.path has seen it
    folders = {"PREFIX": places.prefix, "ETC": places.etc, "UNITS": places.units, "STATE": data}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "EDGEPROF_"))}
    with (data / "upgrade.log").open("wb") as log_file:
        subprocess.Popen(
            [sys.executable, "-I", "-m", "edgeprof_agent.installing.requested"],
            env={**inherited, **{name: str(folder) for name, folder in folders.items()}},
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
            start_new_session=True,
        )


def _unseen(data: Path) -> tuple[str, str] | None:
    """Nobody has taken the request: it is withdrawn, and runs go on."""
    from edgeprof_agent.installing.requested import REQUEST

    try:
        (data / REQUEST).unlink()
    except FileNotFoundError:
        return None
    return "upgrade_unavailable", (
        "Nothing took the order. Type on the device: sudo systemctl enable --now edgeprof-upgrade.path"
    )


def _unavailable(message: str) -> EdgeprofError:
    return EdgeprofError("upgrade_unavailable", message)


def _outcome_files(data: Path) -> tuple[Path, ...]:
    from edgeprof_agent.installing.requested import OUTCOME, SYSTEM_OUTCOME

    return SYSTEM_OUTCOME, data / OUTCOME


def _outcome(file: Path) -> Outcome | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Outcome)
    except (OSError, msgspec.MsgspecError, ValueError):
        return None
