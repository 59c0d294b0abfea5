"""A kind of device as wheels name it: architecture, Python, C library. `aarch64-cp311` in words of a person."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from packaging.tags import Tag, compatible_tags, cpython_tags

from edgeprof.errors import UsageError

_TARGET = re.compile(r"(x86_64|aarch64|armv7l)-cp3(\d{1,2})")
_GLIBC = re.compile(r"2\.(\d{1,2})")
_OLDEST_GLIBC = {"x86_64": 5, "aarch64": 17, "armv7l": 17}
"""Of the manylinux tags: PEP 513, 571, 599, 600."""
_OTHER_NAMES = {5: "manylinux1", 12: "manylinux2010", 17: "manylinux2014"}
"""PEP 600 keeps these names for tags of the same meaning."""
_GLIBC_OF_PYTHON = {10: 35, 11: 36, 12: 39, 13: 41}
"""Of the system that brings this Python: Ubuntu 22.04 (JetPack 6), Debian 12, Ubuntu 24.04, Debian 13."""
NEWEST_KNOWN_GLIBC = 41


@dataclass(frozen=True)
class Target:
    """`glibc_minor`: the y of glibc 2.y; 0 for another C library, for which no binary wheel fits."""

    machine: str
    python: tuple[int, int]
    glibc_minor: int

    def __str__(self) -> str:
        return f"{self.machine}-cp{self.python[0]}{self.python[1]}"

    @property
    def platforms(self) -> list[str]:
        """Platform tags, the oldest C library first: every lower one counts, and a wheel may name any of them."""
        names: list[str] = []
        for minor in range(_OLDEST_GLIBC.get(self.machine, 17), self.glibc_minor + 1):
            if minor in _OTHER_NAMES:
                names.append(f"{_OTHER_NAMES[minor]}_{self.machine}")
            names.append(f"manylinux_2_{minor}_{self.machine}")
        return [*names, f"linux_{self.machine}"]

    @property
    def abis(self) -> list[str]:
        return [f"cp{self.python[0]}{self.python[1]}", "abi3", "none"]

    @cached_property
    def rank(self) -> Mapping[Tag, int]:
        """How well each tag fits, the best first: this Python before any, the newest C library before older ones."""
        platforms = self.platforms[::-1]
        interpreter = f"cp{self.python[0]}{self.python[1]}"
        tags = [
            *cpython_tags(self.python, [interpreter], platforms),
            *compatible_tags(self.python, interpreter, platforms),
        ]
        return {tag: place for place, tag in reversed(list(enumerate(tags)))}

    @property
    def environment(self) -> dict[str, str]:
        """Of environment markers (PEP 508), as on the device: pip would take those of the machine that downloads."""
        python = f"{self.python[0]}.{self.python[1]}"
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{python}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{python}.0",
            "python_version": python,
            "sys_platform": "linux",
        }


def parse(text: str, glibc: str | None = None) -> Target:
    """`aarch64-cp311`. Without `glibc`: of the system that brings this Python. Raises UsageError `bad_target`."""
    found = _TARGET.fullmatch(text)
    if found is None or int(found[2]) < 10:
        raise UsageError(
            "bad_target",
            f"{text!r} is not a kind of device. Use ARCHITECTURE-PYTHON, such as aarch64-cp311: "
            "x86_64, aarch64 or armv7l; cp310 or newer.",
        )
    python = int(found[2])
    if glibc is None:
        return Target(found[1], (3, python), _GLIBC_OF_PYTHON.get(python, NEWEST_KNOWN_GLIBC))
    minor = _minor(glibc)
    if minor is None:
        raise UsageError("bad_target", f"{glibc!r} is not a version of glibc. Use 2.28, for example.")
    return Target(found[1], (3, python), minor)


def of_device(machine: str, python: str, glibc: str) -> Target:
    """As a device describes itself. Raises UsageError `bad_target`."""
    found = re.fullmatch(r"3\.(\d{1,2})", python)
    if found is None or int(found[1]) < 10 or not re.fullmatch(r"[a-z0-9_]{1,20}", machine):
        raise UsageError(
            "bad_target", f"edgeprof needs Python 3.10 or newer; this is {python[:20]!r} on {machine[:20]!r}."
        )
    return Target(machine, (3, int(found[1])), _minor(glibc) or 0)


def _minor(glibc: str) -> int | None:
    found = _GLIBC.fullmatch(glibc)
    return int(found[1]) if found else None


def names(targets: Sequence[Target]) -> str:
    """For a sentence."""
    return ", ".join(map(str, targets))
