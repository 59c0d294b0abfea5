"""Every group of things to look at, in one table, and the whole examination."""

from collections.abc import Callable, Iterable
from pathlib import Path

from edgeprof_agent.doctor import container, heat, hub, isolation, memory, power, runtimes
from edgeprof_agent.doctor.finding import Finding

Look = Callable[[Path], Iterable[Finding]]

LOOKS: tuple[Look, ...] = (runtimes.look, power.look, heat.look, memory.look, container.look, isolation.look, hub.look)
OF_A_RECORD: tuple[Look, ...] = (power.look, heat.look, memory.look, container.look)
"""A recorded machine has files to look at, and nothing installed."""


def examine(root: Path = Path("/")) -> list[Finding]:
    """Everything that the agent or a hub on this machine would use."""
    looks = LOOKS if root == Path("/") else OF_A_RECORD
    return [finding for look in looks for finding in look(root)]


def can_measure(findings: list[Finding]) -> bool:
    """Whether at least one runtime works here."""
    return any(each.group == "runtimes" and each.subject != "python" and each.verdict == "ok" for each in findings)
