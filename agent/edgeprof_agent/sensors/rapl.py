"""RAPL: the energy counter of x86 processor packages under /sys/class/powercap (Intel, and AMD since Linux 5.8)."""

import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from edgeprof.wire.energy import Integration, PowerScope
from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.base import Accuracy, SensorError
from edgeprof_agent.sensors.rights import RAPL_MEND

TOP_DOMAIN = re.compile(r"intel-rapl:\d+")
"""Not `intel-rapl:0:0`, which lies inside its package, and not `intel-rapl-mmio:0`, which is the same one again."""

_MAX_TURN_SHARE = 0.5
_MAX_W = 1000.0
"""An assumed bound: twice the 500 W at which the largest packages are rated (AMD, EPYC 9965)."""
_SLACK_J = 5.0
"""The counter moves each millisecond and a reading may be held up: two close ones may be further apart than that."""


@dataclass
class _Domain:
    """One counter, and how far it has come since it was first read."""

    folder: Path
    name: str
    range_uj: float
    last_uj: float | None = None
    last_s: float = 0.0
    leapt: str | None = None
    """Why nothing that this counter says counts any more."""
    total_uj: float = 0.0
    counter: files.KernelFile = field(init=False)

    def __post_init__(self) -> None:
        self.counter = files.KernelFile(self.folder / "energy_uj")

    def advance(self) -> float:
        now_uj = self.counter.number()
        if now_uj is None:
            raise SensorError(f"{self.counter.path} gives no number")
        now_s = time.monotonic()
        if self.last_uj is not None:
            step_uj = self._step_uj(now_uj - self.last_uj)
            self._refuse_leap(step_uj / 1e6, now_s - self.last_s)
            self.total_uj += step_uj
        self.last_uj, self.last_s = now_uj, now_s
        return self.total_uj

    def _refuse_leap(self, step_j: float, after_s: float) -> None:
        """After a leap the counter stays refused: with time, the mean since then would look possible again."""
        if step_j > _MAX_W * after_s + _SLACK_J:
            self.leapt = (
                f"{self.counter.path} jumped by {step_j:.3g} J within {after_s:.3g} s, more than {_MAX_W:,.0f} W"
            )
        if self.leapt is not None:
            raise SensorError(self.leapt)

    def _step_uj(self, change_uj: float) -> float:
        """A drop is a turn only if the counter was near its end: read many times a second, it cannot have come far."""
        if change_uj >= 0:
            return change_uj
        turned_uj = change_uj + self.range_uj
        if not 0 <= turned_uj <= _MAX_TURN_SHARE * self.range_uj:
            raise SensorError(
                f"{self.counter.path} jumped back by {-change_uj / 1e6:.3g} J, which is not a counter wrap"
            )
        return turned_uj


class Rapl:
    """Every package, or psys where there is one: psys contains the packages, so they are never added to it."""

    name = "rapl"
    integration: Integration = "counter"
    accuracy = Accuracy()
    max_hz = 20.0

    def __init__(self, root: Path) -> None:
        found = _domains(root / "sys/class/powercap")
        psys = [domain for domain in found if domain.name == "psys"]
        self._domains = psys or [domain for domain in found if domain.name.startswith("package-")]
        self.scope: PowerScope = "platform" if psys else "cpu_package"
        self.version = files.kernel_version(root)
        self.source = " + ".join(f"{each.folder.name} ({each.name})" for each in self._domains) or "powercap"

    def available(self) -> str | None:
        if not self._domains:
            return "no RAPL package under /sys/class/powercap"
        if any("-die-" in domain.name for domain in self._domains):
            return "several dies report here, and such processors count the socket once per die"
        for domain in self._domains:
            if files.denied(domain.folder / "energy_uj"):
                return f"only root may read {domain.folder.name}/energy_uj; to allow it: {RAPL_MEND}"
            if domain.range_uj <= 0 or files.number(domain.folder / "energy_uj") is None:
                return f"{domain.folder.name} gives no number"
        return None

    def read(self) -> float:
        """Joules since the first reading. A drop is one turn of the counter, so poll more often than it turns."""
        return sum(domain.advance() for domain in self._domains) / 1e6


def _domains(powercap: Path) -> list[_Domain]:
    by_name: dict[str, _Domain] = {}
    for folder in files.folders(powercap, "intel-rapl:*"):
        name = files.text(folder / "name")
        if name and TOP_DOMAIN.fullmatch(folder.name):
            range_uj = files.number(folder / "max_energy_range_uj") or 0.0
            by_name.setdefault(name, _Domain(folder, name, range_uj))
    return list(by_name.values())
