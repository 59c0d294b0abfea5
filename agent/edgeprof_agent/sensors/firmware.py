"""Asks a Raspberry Pi's firmware: through its mailbox device, which costs one ioctl and no process.

The buffer is that of `vcgencmd` (raspberrypi/utils vcgencmd.c): six words, 1,024 bytes of command or reply, an end tag.
A recorded machine has the reply of a command as the file `tools/vcgencmd-<command, _ for blanks>`. Where there is no
device node (a container, an old kernel), `vcgencmd` is run instead.
"""

import fcntl
import os
import struct
from pathlib import Path

from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.base import SensorError
from edgeprof_agent.sensors.tools import run_tool

DEVICES = ("dev/vcio_gencmd", "dev/vcio")
"""The first is a kernel's way to allow just these commands; both speak the same."""
_TAG = 0x0003_0080
_TEXT_BYTES = 1024
_MAX_REPLY_BYTES = 4096
_HEAD = struct.Struct("=6I")
_SIZE = _HEAD.size + _TEXT_BYTES + 4
_IOWR = 3 << 30 | struct.calcsize("P") << 16 | 100 << 8
"""_IOWR(100, 0, char *): the size of a pointer is part of the number, so that it differs on a 32-bit system."""


class Firmware:
    """The firmware of one machine. The device stays open from the first command on."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._fd = -1
        self._replies: dict[str, files.KernelFile] = {}

    def ask(self, command: str) -> str:
        """The reply to a command, such as `pmic_read_adc`. Raises SensorError with what would help."""
        if self._root != Path("/"):
            return self._recorded(command)
        if self._fd < 0:
            self._fd = self._open()
        return _by_mailbox(self._fd, command) if self._fd >= 0 else _by_tool(command)

    def _recorded(self, command: str) -> str:
        name = f"vcgencmd-{command.replace(' ', '_')}"
        file = self._replies.get(name)
        if file is None:
            file = self._replies[name] = files.KernelFile(self._root / "tools" / name, _MAX_REPLY_BYTES)
        reply = file.text()
        if reply is None:
            raise SensorError(f"the recorded machine has no reply tools/{name}")
        return reply

    def _open(self) -> int:
        denied: str | None = None
        for name in DEVICES:
            try:
                return os.open(self._root / name, os.O_RDONLY | os.O_CLOEXEC)
            except PermissionError:
                denied = (
                    f"no permission to read /{name}; the group `video` has it, and `edgeprof doctor` prints the command"
                )
            except OSError:
                continue
        if denied is not None:
            raise SensorError(denied)
        return -1

    def __del__(self) -> None:
        fd, self._fd = getattr(self, "_fd", -1), -1
        if fd >= 0:
            os.close(fd)


def packed(command: str) -> bytearray:
    """The message to the firmware. Raises ValueError for a command that does not fit."""
    text = command.encode("ascii")
    if len(text) + 1 >= _TEXT_BYTES:
        raise ValueError("the command is too long for the firmware")
    return bytearray(_HEAD.pack(_SIZE, 0, _TAG, _TEXT_BYTES, 0, 0) + text.ljust(_TEXT_BYTES, b"\0") + bytes(4))


def unpacked(message: bytes | bytearray) -> str:
    """The reply in a message that the firmware has answered. Raises SensorError where it refused the command."""
    status = _HEAD.unpack_from(message)[5]
    text = bytes(message[_HEAD.size : _HEAD.size + _TEXT_BYTES]).split(b"\0", 1)[0].decode("utf-8", "replace").strip()
    if status or text.startswith("error="):
        raise SensorError(f"the firmware refused the command: {text[:200] or f'status {status}'}")
    return text


def _by_mailbox(fd: int, command: str) -> str:
    message = packed(command)
    try:
        fcntl.ioctl(fd, _IOWR, message, True)
    except OSError as error:
        raise SensorError(f"the firmware's mailbox does not answer: {error.strerror}") from error
    return unpacked(message)


def _by_tool(command: str) -> str:
    reply = run_tool("vcgencmd", *command.split())
    if reply.problem:
        raise SensorError(reply.problem)
    return reply.output.strip()
