"""The one seam to Android phones: the five things that the agent does over adb, and how a lost phone is named.

The only module that imports adbutils. It talks to the adb server of this host, and starts one where none runs.
"""

import socket
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from adbutils import AdbClient, AdbError

from edgeprof.errors import EdgeprofError
from edgeprof_agent.phones.states import state_named

SHELL_S = 20.0
_LOST = (AdbError, EOFError, OSError, AssertionError, ValueError)
"""What adbutils raises when a connection ends in the middle: it tells them apart no further."""


class PhoneLost(Exception):
    """The phone did not answer over adb: unplugged, switched off, or its permission was withdrawn."""


class PushCancelled(Exception):
    """The run was cancelled while a file was on its way."""


class NoAdbServer(EdgeprofError):
    """This host has no adb server, and none could be started."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "no_adb_server",
            f"No adb server runs on this host, and none could be started ({reason}). "
            "Install adb (Debian: apt-get install adb), then run `adb start-server`.",
        )


@dataclass(frozen=True)
class Attached:
    """One line of `adb devices`: the serial number, or HOST:PORT over Wi-Fi, and a state of `states.py`."""

    serial: str
    state: str


@dataclass(frozen=True)
class Output:
    """What a command on the phone printed, and its exit status."""

    status: int
    text: str


class _Done(Protocol):
    """adbutils' `ShellReturnRaw`."""

    returncode: int
    output: bytes


class _Shell(Protocol):
    """adbutils leaves part of these types open. The old shell protocol serves every Android."""

    def shell2(self, cmdargs: str, timeout: float, *, encoding: None) -> _Done: ...


class Bridge:
    """The adb server of this host. Safe in several threads: each call opens a connection of its own."""

    def __init__(self, host: str | None = None, port: int | None = None) -> None:
        self._client = AdbClient(host, port)  # None: ANDROID_ADB_SERVER_HOST and _PORT, else 127.0.0.1:5037

    def attached(self) -> list[Attached]:
        """Every phone that adb sees, whatever its state. Raises NoAdbServer."""
        try:
            listed = self._client.list()
        except (AdbError, OSError, subprocess.SubprocessError) as error:
            raise NoAdbServer(str(error) or type(error).__name__) from error
        return [Attached(each.serial, state_named(each.state)) for each in listed]

    def shell(self, serial: str, command: str, timeout_s: float = SHELL_S) -> Output:
        """Run a command in the phone's shell, its standard error with its output. Raises PhoneLost."""
        try:
            device = cast(_Shell, self._client.device(serial))
            done = device.shell2(f"{{ {command}\n}} 2>&1", timeout=timeout_s, encoding=None)
        except _LOST as error:
            raise PhoneLost(_reason(error, serial)) from error
        return Output(done.returncode, done.output.decode(errors="replace"))

    def push(self, serial: str, file: Path, to: str, mode: int, cancelled: threading.Event) -> None:
        """Copy a file to the phone. Raises PhoneLost, also where the phone's disk is full: adb names neither apart."""
        with file.open("rb") as stream:
            try:
                self._client.device(serial).sync.push(cast(BinaryIO, _Heedful(stream, cancelled)), to, mode, check=True)
            except _LOST as error:
                raise PhoneLost(_reason(error, serial)) from error

    def read(self, serial: str, file: str, max_bytes: int) -> bytes:
        """A file of the phone, at most so much of it. Raises PhoneLost, also where there is no such file."""
        found = bytearray()
        try:
            for chunk in self._client.device(serial).sync.iter_content(file):
                found += chunk
                if len(found) >= max_bytes:
                    break
        except _LOST as error:
            raise PhoneLost(_reason(error, serial)) from error
        return bytes(found[:max_bytes])


class _Heedful:
    """A file whose reading ends with the run: adbutils has no other way to stop a push."""

    def __init__(self, stream: BinaryIO, cancelled: threading.Event) -> None:
        self._stream, self._cancelled = stream, cancelled
        self.close: Callable[[], None] = stream.close

    def read(self, size: int) -> bytes:
        if self._cancelled.is_set():
            raise PushCancelled
        return self._stream.read(size)


def _reason(error: BaseException, serial: str) -> str:
    """In words that name no phone: they go to the hub, and the serial number does not. Over Wi-Fi it is an address."""
    if isinstance(error, (EOFError, AssertionError, ConnectionError)) or not str(error):
        return "the connection ended"
    if isinstance(error, socket.timeout) or "timeout" in str(error):
        return "it does not answer"
    words = str(error).splitlines()[0].rstrip(".")
    for name in filter(None, (serial, serial.rpartition(":")[0])):
        words = words.replace(name, "the phone")
    return words
