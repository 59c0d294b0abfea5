"""The device before and after a run, side by side."""

from collections.abc import Callable

from edgeprof.tables import figures
from edgeprof.wire.messages import DeviceState
from edgeprof_hub.views.facts import DataTable, with_unit

NOT_READABLE = "not readable"

_ROWS: tuple[tuple[str, Callable[[DeviceState], str]], ...] = (
    ("Temperature", lambda state: _number(state.temperature_c, "°C")),
    ("Clock", lambda state: _number(state.cpu_mhz, "MHz")),
    ("Governor", lambda state: figures.clean(state.governor or "")),
    ("Load, 1 min", lambda state: _number(state.load_1m, "")),
    ("Runnable tasks", lambda state: "" if state.running_tasks is None else f"{state.running_tasks:,}"),
    ("Memory available", lambda state: _number(state.memory_available_mib, "MiB")),
    ("Throttled", lambda state: "" if state.throttled is None else "yes" if state.throttled else "no"),
    (
        "Throttling reported",
        lambda state: _words(state.throttle_flags) or ("none" if state.throttle_flags_known else ""),
    ),
    ("Reported since boot", lambda state: _words(state.throttle_flags_since_boot)),
    ("Power mode", lambda state: figures.clean(state.power_mode or "")),
    ("Clock source", lambda state: figures.clean(state.clock_source or "")),
)


def state_table(before: DeviceState | None, after: DeviceState | None) -> DataTable | None:
    """None where the agent recorded neither. Says what could not be read."""
    if before is None and after is None:
        return None
    rows = tuple((name, *(_text(state, read) for state in (before, after))) for name, read in _ROWS)
    return DataTable(("State", "Before", "After"), rows)


def _text(state: DeviceState | None, read: Callable[[DeviceState], str]) -> str:
    return (read(state) if state else "") or NOT_READABLE


def _number(value: float | None, unit: str) -> str:
    return "" if value is None else with_unit(value, unit)


def _words(names: tuple[str, ...]) -> str:
    return figures.clean(", ".join(name.replace("_", " ") for name in names))
