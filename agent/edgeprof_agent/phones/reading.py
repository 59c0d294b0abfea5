"""What a phone's shell prints of itself, kept as a folder like a recorded machine's: every reader of ours works on it.

One command, one connection. What the shell may not read is left out; no reader invents it.
"""

import re
from pathlib import Path
from typing import Protocol

from edgeprof_agent.sensors.android import BATTERY_FILE, CURRENT_FILE, RAILS_FILE

PROPERTIES_FILE = "tools/adb-getprop"
THERMAL_FILE = "tools/adb-dumpsys_thermalservice"
DISK_FILE = "tools/adb-df"

_FACTS = {
    PROPERTIES_FILE: "getprop",
    "proc/cpuinfo": "cat /proc/cpuinfo",
    "proc/sys/kernel/osrelease": "uname -r",
    "sys/devices/system/cpu/possible": "cat /sys/devices/system/cpu/possible",
}
_CONDITION = {
    BATTERY_FILE: "dumpsys battery",
    CURRENT_FILE: "cmd battery get -f current_now",
    THERMAL_FILE: "dumpsys thermalservice",
    RAILS_FILE: "dumpsys android.hardware.power.stats.IPowerStats/default",
    DISK_FILE: "df -k /data",
    "proc/loadavg": "cat /proc/loadavg",
    "proc/meminfo": "cat /proc/meminfo",
    "proc/uptime": "cat /proc/uptime",
}
_MARK = "@@edgeprof"
_FAILED = re.compile(r"Can't find service|Permission denied|No such file|not found|Unknown command|inaccessible")
_SECTION = re.compile(rf"^{_MARK} (\S+)\n(.*?)^{_MARK} (\d+)$", re.MULTILINE | re.DOTALL)


class _Shell(Protocol):
    """Of a phone: runs a command, and gives back what it printed."""

    def __call__(self, command: str) -> str: ...


def read_facts_tree(shell: _Shell, root: Path) -> None:
    """What does not change while the phone runs, and its condition, written under `root`."""
    _write(shell, _FACTS | _CONDITION, root)


def read_condition_tree(shell: _Shell, root: Path) -> None:
    """Battery, heat, rails, disk and load alone."""
    _write(shell, _CONDITION, root)


def _write(shell: _Shell, commands: dict[str, str], root: Path) -> None:
    script = "\n".join(
        f"echo '{_MARK} {file}'; {command} 2>&1; status=$?; echo; echo '{_MARK}' $status"
        for file, command in commands.items()
    )
    for file, text in sections(shell(script)).items():
        target = root / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def sections(printed: str) -> dict[str, str]:
    """What each command printed, by file; without those that failed, also those that fail with status 0."""
    return {
        file: text.rstrip("\n") + "\n"
        for file, text, status in _SECTION.findall(printed.replace("\r\n", "\n"))
        if status == "0" and text.strip() and not _FAILED.search(text.splitlines()[0])
    }
