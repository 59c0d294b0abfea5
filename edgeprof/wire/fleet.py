"""The fleet on the REST API: which devices are asked for, and each device with how it fares."""

from dataclasses import dataclass
from typing import Literal, get_args

from edgeprof.wire.rest import DeviceRecord
from edgeprof.wire.vitals import Vitals

FleetState = Literal["all", "online", "offline", "trouble", "upgrade", "retired"]
FleetSort = Literal["name", "state", "seen", "version", "error", "disk", "wear", "temperature", "queue"]
FleetAct = Literal["tag", "untag", "group", "cancel", "retry", "retire", "restore", "upgrade"]
UpgradeState = Literal["queued", "sent", "accepted", "done", "failed"]
STATES: tuple[FleetState, ...] = get_args(FleetState)
SORTS: tuple[FleetSort, ...] = get_args(FleetSort)
ACTS: tuple[FleetAct, ...] = get_args(FleetAct)
MAX_PAGE = 500
"""Devices in one answer."""


@dataclass(frozen=True, kw_only=True)
class FleetQuery:
    """Which devices, in which order. `search`: words that all occur in name, host, id, board, version or tags."""

    state: FleetState = "all"
    search: str = ""
    group: str = ""
    tag: str = ""
    sort: FleetSort = "name"
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class Upgrade:
    """The newest order to upgrade a device. `note`: why it failed, or what it waits for."""

    version: str
    state: UpgradeState
    note: str
    at_s: float


@dataclass(frozen=True, kw_only=True)
class FleetEntry:
    """One device and how it fares. `trouble`: each reason to look at it, in words; empty: there is none.

    Example: `FleetEntry(device=..., trouble=("offline for 3 h",), queue=4, groups=("lab",))`.
    """

    device: DeviceRecord
    trouble: tuple[str, ...]
    queue: int
    """Jobs that have not ended."""
    groups: tuple[str, ...] = ()
    upgrade_to: str = ""
    """The hub's own version, where the agent's is older; else empty."""
    upgrade: Upgrade | None = None
    """None: none was ordered."""
    vitals: Vitals | None = None
    """None: the agent reports none, because it is older."""
    vitals_s: float | None = None
    """When the hub received them, by its clock."""
    last_error: str = ""
    """The newer one of its newest failed job and its agent's newest own error, in words."""
    last_error_s: float | None = None
    last_error_job_id: str = ""
    """The job that failed; empty: it is the agent's own error."""


@dataclass(frozen=True, kw_only=True)
class RefusedAgent:
    """An agent that the hub turned away within the last day, and why."""

    device_id: str
    name: str
    hostname: str
    agent_version: str
    reason: str
    at_s: float
    times: int = 1


@dataclass(frozen=True, kw_only=True)
class FleetPage:
    """A page of the fleet. `counts`: devices by state that match search, group and tag."""

    generated_s: float
    entries: tuple[FleetEntry, ...]
    total: int
    counts: dict[str, int]
    refused: tuple[RefusedAgent, ...] = ()


@dataclass(frozen=True, kw_only=True)
class FleetChange:
    """Change several devices. `device_ids` empty: all that match `query`. `value`: the tag or the group's name."""

    act: FleetAct
    device_ids: tuple[str, ...] = ()
    query: FleetQuery | None = None
    value: str = ""


@dataclass(frozen=True, kw_only=True)
class FleetChanged:
    """What was changed: how many devices, or of `cancel` and `retry` how many jobs."""

    changed: int
