"""One program run on a phone: its files there, its process, its end. A run leaves nothing behind.

A phone that is unplugged cannot be cleaned: what stays is removed before the next run, with its process.
"""

import logging
import shlex
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgeprof_agent.phones.bridge import Bridge, Output, PhoneLost, PushCancelled

log = logging.getLogger(__name__)

FOLDER = "/data/local/tmp/edgeprof"
"""The one place that adb's shell user may write and run programs from, on every Android."""
KEPT_MIB = 256.0
"""What must stay free: Android itself misbehaves on a full /data."""
MAX_REPORT_BYTES = 2 * 2**20
POLL_S = 0.1
KILLED_WITHIN_S = 10.0
MIB = 2**20

_BORN = "cut -d ' ' -f 22 /proc/{}/stat"
"""The process's start in ticks since the phone's own (proc(5), field 22): a number that was given again has another."""
_END_EARLIER = (
    f"p=$(cat {FOLDER}/pid 2>/dev/null) && b=$({_BORN.format('$p')} 2>/dev/null) "
    f'&& [ "$b" = "$(cat {FOLDER}/born)" ] && kill -9 $p 2>/dev/null'
)


class NoSpace(Exception):
    """/data has too little room; the message has the figures."""


class BadCopy(Exception):
    """A file arrived on the phone with another SHA-256."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How the program ended. `status` None: it was ended by us, for the reason in `ended_by`."""

    status: int | None
    out: str
    err: str
    took_s: float
    ended_by: str | None = None
    """`timeout` or `cancelled`."""


@dataclass(frozen=True)
class Place:
    """Our folder on one phone."""

    bridge: Bridge
    serial: str

    def shell(self, command: str) -> Output:
        """Raises PhoneLost."""
        return self.bridge.shell(self.serial, command)

    def clean(self) -> None:
        """Remove what this or an earlier run left, and end its process. Raises PhoneLost."""
        self.shell(f"{_END_EARLIER}; rm -rf {FOLDER}")

    def put(self, files: Sequence[tuple[Path, str, str]], cancelled: threading.Event) -> None:
        """Copy files as (here, name there, SHA-256). Raises PhoneLost, NoSpace, BadCopy, PushCancelled."""
        self.clean()
        needed_mib = sum(file.stat().st_size for file, _, _ in files) / MIB
        self._check_space(needed_mib)
        self.shell(f"mkdir -p {FOLDER}")
        for file, name, sha256 in files:
            if cancelled.is_set():
                raise PushCancelled
            self._put_one(file, name, sha256, cancelled)

    def run(self, arguments: Sequence[str], deadline_s: float, cancelled: threading.Event) -> Ended:
        """Run `FOLDER/NAME ARGUMENTS...` to its end, its time limit, or a cancel. Raises PhoneLost."""
        command = " ".join(shlex.quote(part) for part in arguments)
        inner = f"echo $$ > pid; {_BORN.format('$$')} > born; exec {FOLDER}/{command} > out 2> err < /dev/null"
        script = f"cd {FOLDER} && {{ LD_LIBRARY_PATH={FOLDER} sh -c {shlex.quote(inner)}; echo $? > status; }}"
        waiting = _Waiting(lambda: self.bridge.shell(self.serial, script, deadline_s + KILLED_WITHIN_S))
        started_s = time.monotonic()
        ended_by = waiting.until(started_s + deadline_s, cancelled)
        took_s = time.monotonic() - started_s
        if ended_by is not None:
            self.shell(_END_EARLIER)
            waiting.join(KILLED_WITHIN_S)
        elif waiting.lost is not None:
            raise waiting.lost
        status = self._text("status").strip()
        if ended_by is None and not status.isdecimal():
            raise PhoneLost("the connection ended before the program did")
        return Ended(
            status=None if ended_by else int(status),
            out=self._text("out"),
            err=self._text("err"),
            took_s=took_s,
            ended_by=ended_by,
        )

    def _check_space(self, needed_mib: float) -> None:
        words = self.shell("df -k /data | tail -n 1").text.split()
        free_mib = int(words[3]) / 1024 if len(words) >= 4 and words[3].isdecimal() else None
        if free_mib is not None and free_mib < needed_mib + KEPT_MIB:
            raise NoSpace(
                f"The phone's /data has {free_mib:,.0f} MiB free. The run needs {needed_mib:,.0f} MiB, and "
                f"{KEPT_MIB:,.0f} MiB must stay free. Remove apps or files from the phone."
            )

    def _put_one(self, file: Path, name: str, sha256: str, cancelled: threading.Event) -> None:
        target = f"{FOLDER}/{name}"
        try:
            self.bridge.push(self.serial, file, target, 0o755, cancelled)
        except PhoneLost:
            self._check_space(file.stat().st_size / MIB)  # adbutils does not read why a phone refuses a file
            raise
        found = self.shell(f"sha256sum {shlex.quote(target)}").text.split()
        if found and len(found[0]) == 64 and found[0] != sha256:
            raise BadCopy(f"{file.name} has SHA-256 {sha256} here and {found[0]} on the phone.")

    def _text(self, name: str) -> str:
        """Empty where there is no such file. Raises PhoneLost where there is no phone."""
        if not self.shell(f"test -s {FOLDER}/{name} && echo there").text.strip():
            return ""
        return self.bridge.read(self.serial, f"{FOLDER}/{name}", MAX_REPORT_BYTES).decode(errors="replace")


class _Waiting:
    """A call that takes as long as the program, in a thread: the run can end meanwhile."""

    def __init__(self, call: Callable[[], object]) -> None:
        self.lost: PhoneLost | None = None
        self._call = call
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="phone-shell", daemon=True)
        self._thread.start()

    def until(self, deadline_s: float, cancelled: threading.Event) -> str | None:
        """Wait for its end; what ended the wait before that."""
        while not self._done.wait(POLL_S):
            if cancelled.is_set():
                return "cancelled"
            if time.monotonic() > deadline_s:
                return "timeout"
        return None

    def join(self, within_s: float) -> None:
        self._thread.join(within_s)

    def _run(self) -> None:
        try:
            self._call()
        except PhoneLost as error:
            self.lost = error
        finally:
            self._done.set()
