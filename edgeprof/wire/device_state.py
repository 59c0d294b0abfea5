"""The device at one moment: heat, clock, load, throttling; and what held the worker there."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """A moment on one machine: kernel boot id, monotonic clock, wall clock (Unix seconds, may be wrong)."""

    boot_id: str
    monotonic_ns: int
    wall_s: float


@dataclass(frozen=True, kw_only=True)
class DeviceState:
    """The device at one moment. What could not be read is None."""

    at: Stamp
    temperature_c: float | None
    temperature_source: str | None
    cpu_mhz: float | None
    governor: str | None
    load_1m: float | None
    memory_available_mib: float | None
    throttled: bool | None
    power_mode: str | None
    temperatures_c: dict[str, float] = field(default_factory=lambda: {})
    """Every thermal zone by its type."""
    cpu_mhz_by_policy: dict[str, float] = field(default_factory=lambda: {})
    throttle_flags: tuple[str, ...] = ()
    """What the board says now; names as in Conditions.throttle_flags."""
    throttle_flags_known: tuple[str, ...] = ()
    """Those that this board can tell at all, by its firmware, alarms or counters."""
    throttle_flags_since_boot: tuple[str, ...] = ()
    """A Raspberry Pi's sticky bits. The kernel's poller may clear them every 2 s."""
    throttle_counters: dict[str, int] = field(default_factory=lambda: {})
    """Events of throttling and over-current since boot, by counter."""
    running_tasks: int | None = None
    """Threads of others that wanted a core at this moment."""
    cpus_online: tuple[int, ...] = ()
    clock_source: str | None = None


@dataclass(frozen=True, kw_only=True)
class Isolation:
    """What held the worker: layers that were active, and the memory limit if there was one."""

    layers: tuple[str, ...]
    memory_limit_mib: float | None
    lacks: str | None = None
    """What kept the layers from being a full sandbox (guards.py), and what adds it; None also where none was wanted."""
    strays: int = 0
    """Processes that the worker had left behind, and that were ended with the run."""
