"""Copies what edgeprof reads of this machine into memory, scrubbed, and samples what varies; writes nothing."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edgeprof_agent.recorded.places import FIRMWARE_COMMANDS, PLACES
from edgeprof_agent.recorded.scrub import scrubbed
from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.base import SensorError
from edgeprof_agent.sensors.firmware import Firmware

MAX_BYTES = 64 * 1024
_ID_FILES = (
    "etc/machine-id",
    "etc/hostname",
    "proc/sys/kernel/random/boot_id",
    "sys/firmware/devicetree/base/serial-number",
    "sys/class/dmi/id/product_serial",
    "sys/class/dmi/id/board_serial",
    "sys/class/dmi/id/product_uuid",
)
Tell = Callable[[str, float | None, str], None]


@dataclass
class Captured:
    """Files by path, and the series of those that vary: path to texts, idle and under load."""

    content: dict[str, bytes] = field(default_factory=lambda: {})
    idle: dict[str, list[str]] = field(default_factory=lambda: {})
    load: dict[str, list[str]] = field(default_factory=lambda: {})
    counts: set[str] = field(default_factory=lambda: set())
    unreadable: list[str] = field(default_factory=lambda: [])


def capture(root: Path, seconds: float, period_s: float, *, with_load: bool, tell: Tell) -> Captured:
    """Everything. `seconds` of idle, and as many under load where that is wanted."""
    found = Captured()
    varying: list[str] = []
    for path, varies, counts in _places(root):
        content = files.raw(root / path)
        if content is None:
            found.unreadable.append(path)
            continue
        found.content[path] = _clean(content)
        varying += [path] if varies else []
        found.counts |= {path} if counts else set()
    firmware = Firmware(root) if b"raspberrypi," in found.content.get("proc/device-tree/compatible", b"") else None
    varying += _firmware(found, firmware)
    tell("record", None, f"idle for {seconds:.0f} s")
    found.idle = _series(root, firmware, varying, seconds, period_s, tell, "idle")
    if with_load:
        with every_core_busy():
            found.load = _series(root, firmware, varying, seconds, period_s, tell, "load")
    return found


def identifiers(root: Path) -> set[str]:
    """What tells this unit from others, as far as the machine itself says."""
    found = {socket.gethostname()} if root == Path("/") else set[str]()
    for name in _ID_FILES:
        found.add(files.text(root / name) or "")
    for address in (root / "sys/class/net").glob("*/address"):
        found.add(files.text(address) or "")
    for line in (files.text(root / "proc/cpuinfo") or "").splitlines():
        if line.lower().startswith("serial"):
            found.add(line.partition(":")[2].strip())
    return {each for each in found if each and set(each) - set("0:-") and each != "00:00:00:00:00:00"}


def _places(root: Path) -> Iterator[tuple[str, bool, bool]]:
    seen: set[str] = set()
    for place in PLACES:
        for path in sorted(root.glob(place.pattern)):
            name = path.relative_to(root).as_posix()
            if name not in seen and path.is_file():
                seen.add(name)
                yield name, place.varies, place.counts


def _firmware(found: Captured, firmware: Firmware | None) -> list[str]:
    """The replies of a Pi's firmware; the last of the commands varies."""
    if firmware is None:
        return []
    for command in FIRMWARE_COMMANDS:
        try:
            found.content[_reply_file(command)] = _clean(firmware.ask(command).encode())
        except SensorError as error:
            found.unreadable.append(f"{_reply_file(command)}: {error}")
    return [name for name in [_reply_file(FIRMWARE_COMMANDS[-1])] if name in found.content]


def _reply_file(command: str) -> str:
    return f"tools/vcgencmd-{command.replace(' ', '_')}"


def _series(
    root: Path, firmware: Firmware | None, paths: list[str], seconds: float, period_s: float, tell: Tell, what: str
) -> dict[str, list[str]]:
    series: dict[str, list[str]] = {path: [] for path in paths}
    began_s = time.monotonic()
    while (spent_s := time.monotonic() - began_s) < seconds:
        for path in paths:
            text = _text(root, firmware, path)
            if text is not None:
                series[path].append(text)
        tell("record", spent_s / seconds, f"{what}: {seconds - spent_s:.0f} s left")
        time.sleep(period_s)
    return series


def _text(root: Path, firmware: Firmware | None, path: str) -> str | None:
    if firmware is not None and path == _reply_file(FIRMWARE_COMMANDS[-1]):
        try:
            return scrubbed(firmware.ask(FIRMWARE_COMMANDS[-1]))
        except SensorError:
            return None
    text = files.text(root / path)
    return None if text is None else scrubbed(text)


def _clean(content: bytes) -> bytes:
    """Device tree strings are parted by NUL bytes, which stay."""
    return scrubbed(content[:MAX_BYTES].decode("utf-8", "replace")).encode()


@contextmanager
def every_core_busy() -> Generator[None]:
    """Integer work in a process a core, while it is entered."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
