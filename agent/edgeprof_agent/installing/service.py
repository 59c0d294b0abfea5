"""Starting and stopping the installed agent: by systemd, or as a process in the background where there is none.

A new version is tried beside the link to the old one. Until `commit`, a power cut brings the old one back: systemd
forgets the trial's drop-in, which lies in /run, and the link still names the old version.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from edgeprof.errors import EdgeprofError
from edgeprof_agent.installing.changes import Say, folder
from edgeprof_agent.installing.places import UNIT, Places
from edgeprof_agent.installing.settings import setting
from edgeprof_agent.installing.units import SOCKET, UPGRADE_PATH, renew

STOPS_WITHIN_S = 40.0
"""Longer than the end of a run (10 s), the last receipts (3 s) and the farewell (2 s)."""
POLL_S = 0.1
LAST_LINES = 3


class Service(Protocol):
    """The agent as what runs it."""

    def is_running(self) -> bool: ...

    def start(self, program: Path) -> None:
        """This version's program; none runs. Nothing of it outlives a reboot before `commit`."""
        ...

    def commit(self) -> None:
        """The link now names the version that was started."""
        ...

    def stop(self) -> None:
        """Once; `remove` stops it for good."""
        ...

    def remove(self) -> None: ...

    def last_words(self) -> str:
        """The end of its log, for a sentence."""
        ...


class Systemd:
    """`edgeprof-agent.service`, and the units of the version that is started."""

    def __init__(self, places: Places, say: Say, runtime: Path = Path("/run/systemd/system")) -> None:
        self._places = places
        self._say = say
        self._trial = runtime / f"{UNIT}.d" / "trial.conf"

    def is_running(self) -> bool:
        return self._systemctl("is-active", "--quiet", UNIT, check=False) == 0

    def start(self, program: Path) -> None:
        self._renew(program)
        if program == self._places.program:
            self._trial.unlink(missing_ok=True)
        else:
            folder(self._trial.parent)
            command = f"{program} agent run --config {self._places.settings}"
            self._trial.write_text(f"[Service]\nExecStart=\nExecStart={command}\n")
        self._systemctl("daemon-reload")
        self._systemctl("reset-failed", UNIT, check=False)
        self._systemctl("start", UNIT, check=False)

    def _renew(self, program: Path) -> None:
        """Where they cannot be written, the way back starts with those that are there: no full disk keeps it down."""
        try:
            changed = renew(program.parents[1].resolve(), self._places)
        except EdgeprofError as error:
            if program != self._places.program:
                raise
            changed = f"{'skipped':<10} units: {error.message}"
        for line in changed.splitlines():
            self._say(line)

    def commit(self) -> None:
        self._trial.unlink(missing_ok=True)
        self._systemctl("daemon-reload")
        self._systemctl("enable", "--quiet", UNIT)
        self._systemctl("enable", "--now", "--quiet", UPGRADE_PATH)
        if (self._places.units / SOCKET).exists():
            self._systemctl("enable", "--quiet", SOCKET, check=False)  # the agent's unit wants it in any case

    def stop(self) -> None:
        self._systemctl("stop", UNIT, check=False)

    def remove(self) -> None:
        self._trial.unlink(missing_ok=True)
        for unit in (UNIT, SOCKET, UPGRADE_PATH):
            self._systemctl("disable", "--now", "--quiet", unit, check=False)

    def reload(self) -> None:
        """Units on the disk have changed."""
        self._systemctl("daemon-reload", check=False)

    def last_words(self) -> str:
        command = ["journalctl", "--unit", UNIT, "--lines", str(LAST_LINES), "--output", "cat", "--no-pager"]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        return " | ".join(done.stdout.split("\n")[-LAST_LINES - 1 :]).strip(" |")

    def _systemctl(self, *words: str, check: bool = True) -> int:
        done = subprocess.run(["systemctl", *words], capture_output=True, text=True, errors="replace", check=False)
        if check and done.returncode:
            raise EdgeprofError("service_failed", f"systemctl {' '.join(words)} failed: {done.stderr.strip()[-300:]}")
        return done.returncode


class Background:
    """A process of its own, with its log in the state folder. It does not come back after a reboot."""

    def __init__(self, places: Places) -> None:
        self._places = places
        text = places.settings.read_text() if places.settings.exists() else ""
        self._state = Path(setting(text, "data") or places.state)
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self._state / "agent.log"

    def is_running(self) -> bool:
        if self._child is not None:  # it takes the lock a moment after its start
            return self._child.poll() is None
        return self._holder() is not None

    def start(self, program: Path) -> None:
        folder(self._state, 0o700)
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                [str(program), "agent", "run", "--config", str(self._places.settings)],
                env={name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def commit(self) -> None:
        """Nothing to do: the process runs, and the link is what the next start follows."""

    def stop(self) -> None:
        holder = self._holder()
        own = self._child.pid if self._child is not None and self._child.poll() is None else None
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._end({each for each in (holder, own) if each is not None}, number):
                break
        self._child = None

    def remove(self) -> None:
        self.stop()

    def last_words(self) -> str:
        return " | ".join(_tail(self.log, LAST_LINES))

    def _end(self, processes: set[int], number: signal.Signals) -> bool:
        for each in processes:
            with suppress(ProcessLookupError):
                os.kill(each, number)
        deadline_s = time.monotonic() + STOPS_WITHIN_S
        while time.monotonic() < deadline_s:
            if self._child is not None:
                self._child.poll()  # else it stays a zombie, which counts as there
            if self._holder() is None and not any(map(_is_there, processes)):
                return True
            time.sleep(POLL_S)
        return False

    def _holder(self) -> int | None:
        """The agent that holds the state folder, by the lock that it keeps there."""
        try:
            handle = os.open(self._state / "lock", os.O_RDWR)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return None
        except BlockingIOError:
            text = os.pread(handle, 20, 0).decode(errors="replace").strip()
            return int(text) if text.isdigit() else None
        finally:
            os.close(handle)


def service_of(places: Places, say: Say, *, has_systemd: bool) -> Service:
    """What runs the agent on this machine."""
    return Systemd(places, say) if has_systemd and shutil.which("systemctl") else Background(places)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(process)


def _is_zombie(process: int) -> bool:
    """Ended, and its parent has not looked."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (OSError, IndexError):
        return False


def _tail(file: Path, lines: int) -> Sequence[str]:
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - 4096))
            return stream.read().decode(errors="replace").splitlines()[-lines:]
    except OSError:
        return ()
