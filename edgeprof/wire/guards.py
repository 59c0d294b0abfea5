"""What the isolation layers of a result guard, and which guards make a full sandbox."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Guard:
    """One thing that a model's worker cannot do. Any one of `layers` is enough for it."""

    name: str
    holds: str
    layers: tuple[str, ...]


SANDBOX: tuple[Guard, ...] = (
    Guard("network", "no network but a loopback of its own", ("private_network",)),
    Guard("files", "sees the system, its runtime and its model, all read-only", ("read_only_view",)),
    Guard("scratch", "writes only to a scratch of limited size", ("scratch_limit",)),
    Guard("devices", "opens only the device nodes of a list", ("device_list",)),
    Guard("rights", "cannot gain rights", ("no_new_privileges",)),
    Guard(
        "leftovers",
        "none of its processes outlives the run",
        ("pid_namespace", "unit_cgroup", "cgroup_v2_memory", "cgroup_v1_memory", "subreaper"),
    ),
    Guard(
        "processes",
        "starts a limited number of processes and threads",
        ("cgroup_v2_pids", "cgroup_v1_pids", "rlimit_nproc"),
    ),
    Guard("open files", "opens a limited number of files", ("rlimit_nofile",)),
    Guard("file size", "writes no file above 512 MiB", ("rlimit_fsize",)),
    Guard("processor time", "uses no more than the time limit on all cores", ("rlimit_cpu",)),
)
"""All of them together are a full sandbox, which `sandbox = strict` insists on.

Memory is not among them: its limit is a setting of its own, and a result names it.
"""


def lacking(layers: Iterable[str]) -> tuple[Guard, ...]:
    """The guards that no layer of a run provided.

    >>> [guard.name for guard in lacking(["private_network", "rlimit_cpu"])][:2]
    ['files', 'scratch']
    """
    active = set(layers)
    return tuple(guard for guard in SANDBOX if not active & set(guard.layers))


def is_full(layers: Iterable[str]) -> bool:
    """Whether every guard of the sandbox was active."""
    return not lacking(layers)
