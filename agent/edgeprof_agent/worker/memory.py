"""The worker's own memory, from /proc/self/status.

Never from ru_maxrss: Linux carries that figure over from the parent across exec.
"""

import re
from pathlib import Path

_STATUS = Path("/proc/self/status")


def peak_kib() -> int:
    """The largest resident set so far (VmHWM)."""
    return field_kib(_STATUS.read_text(), "VmHWM")


def resident_kib() -> int:
    """The resident set now (VmRSS)."""
    return field_kib(_STATUS.read_text(), "VmRSS")


def field_kib(status: str, name: str) -> int:
    """One `Name:   123 kB` line of a status file. Raises LookupError where the kernel does not tell."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        raise LookupError(f"/proc/self/status has no {name}")
    return int(found[1])
