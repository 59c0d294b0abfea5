"""The device side of an integration: system, machine, Python and instruction sets, as far as they are known."""

import re
from dataclasses import dataclass

from edgeprof.wire.messages import Facts

_ANDROID = re.compile(r"android", re.IGNORECASE)
_MUSL = re.compile(r"alpine|musl|postmarketos|openwrt", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is empty is not known."""

    name: str = ""
    os: str = ""
    machine: str = ""
    """Of the programs: `armv7l` on a 32-bit system with a 64-bit kernel."""
    python: str = ""
    """`3.11`."""
    flags: frozenset[str] = frozenset()
    libc: str = "glibc"

    @property
    def words(self) -> str:
        """`Debian GNU/Linux 12, aarch64, Python 3.11`."""
        parts = (self.os, self.machine, f"Python {self.python}" if self.python else "")
        return ", ".join(part for part in parts if part) or "no device named"


def target_of(name: str, facts: Facts | None) -> Target:
    """Of a device that has sent its facts; one that has not is known by name alone.

    >>> target_of("pi", None).words
    'no device named'
    """
    if facts is None:
        return Target(name=name)
    python = re.match(r"(\d+\.\d+)", facts.python)
    libc = "bionic" if _ANDROID.search(facts.os) else "musl" if _MUSL.search(facts.os) else "glibc"
    return Target(
        name=name,
        os=facts.os,
        machine=facts.userland or facts.machine,
        python=python[1] if python else "",
        flags=frozenset(facts.cpu_flags),
        libc=libc,
    )
