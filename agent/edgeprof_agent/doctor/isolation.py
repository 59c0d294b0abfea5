"""What holds a model that misbehaves on this machine, and whether its clock can be believed."""

from collections.abc import Iterator
from pathlib import Path

from edgeprof.wire.guards import SANDBOX, lacking
from edgeprof_agent.doctor.finding import Finding
from edgeprof_agent.isolation.here import layers_here
from edgeprof_agent.isolation.lacking import Lack
from edgeprof_agent.sensors.tools import run_tool

_DELEGATE = "systemd-run --user --scope -p Delegate=yes edgeprof agent run --hub http://HUB:8765"
_NTP = "sudo timedatectl set-ntp true"


def look(root: Path) -> Iterator[Finding]:
    """Found by trying."""
    held, lacks = layers_here("auto")
    yield _sandbox(held, lacks)
    by_kernel = [name for name in held if name.startswith("cgroup") and name.endswith("memory")]
    if by_kernel:
        yield Finding("isolation", "memory limit", "ok", f"enforced by the kernel ({', '.join(by_kernel)})")
    else:
        detail = "enforced by a watchdog and RLIMIT_DATA: this user has no cgroup of its own"
        yield Finding("isolation", "memory limit", "optional", detail, _DELEGATE)
    reply = run_tool("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if not reply.problem:
        yield _clock(reply.output.strip() == "yes")


def _sandbox(held: tuple[str, ...], lacks: Lack | None) -> Finding:
    if lacks is None:
        guards = ", ".join(guard.name for guard in SANDBOX)
        return Finding("isolation", "sandbox", "ok", f"full; it guards {guards}. Layers: {', '.join(held)}")
    open_guards = ", ".join(guard.name for guard in lacking(held))
    detail = f"{lacks.why}. Not guarded: {open_guards}. Layers: {', '.join(held)}"
    return Finding("isolation", "sandbox", "optional", detail, lacks.mend)


def _clock(synchronized: bool) -> Finding:
    if synchronized:
        return Finding("isolation", "wall clock", "ok", "synchronized")
    detail = "not synchronized: results carry its time, but durations do not use it"
    return Finding("isolation", "wall clock", "optional", detail, _NTP)
