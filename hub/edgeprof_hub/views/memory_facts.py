"""Memory by phase as a table, and the figures of the whole window with the reasons for those that are missing."""

from dataclasses import dataclass

from edgeprof.wire.evidence import MemoryPhase, MemoryPhaseName, MemoryProfile
from edgeprof_hub.views.facts import DataTable, Fact, text_of, with_unit

PHASES: dict[MemoryPhaseName, str] = {
    "interpreter": "Interpreter started",
    "runtime": "Runtime imported",
    "load": "Model loaded",
    "first_inference": "First inference",
    "measure": "Measured window",
    "after": "After the window",
}
_COLUMNS = (
    ("RSS", "rss_mib"),
    ("Peak", "peak_mib"),
    ("PSS", "pss_mib"),
    ("Private", "private_mib"),
    ("Anonymous", "anonymous_mib"),
    ("Files", "file_mib"),
    ("Model mapped", "model_mapped_mib"),
    ("Shared", "shared_memory_mib"),
    ("Swap", "swap_mib"),
)
_WHOLE = (
    ("Average RSS", "average_rss_mib"),
    ("Average PSS", "average_pss_mib"),
    ("Peak PSS", "peak_pss_mib"),
    ("Peak cgroup memory", "cgroup_peak_mib"),
    ("KV cache", "kv_cache_mib"),
    ("GPU memory", "gpu_used_mib"),
    ("Unified memory", "unified_used_mib"),
)
_OF_WINDOW = {
    "average_rss_mib": ", over the measured window",
    "average_pss_mib": ", over the measured window",
    "peak_pss_mib": ", largest sample in the measured window",
    "unified_used_mib": ", used by the run in the memory that CPU and GPU share",
}


@dataclass(frozen=True)
class MemoryView:
    """The table of phases and the facts beneath it."""

    table: DataTable
    facts: tuple[Fact, ...]


def memory_view(memory: MemoryProfile | None) -> MemoryView | None:
    """None where no phases were recorded. A column that no phase has is left out, and its reason stands beneath."""
    if memory is None:
        return None
    heads = ("After", *(title for title, _ in _COLUMNS))
    table = DataTable(heads, tuple(_row(phase) for phase in memory.phases)).without_empty_columns()
    return MemoryView(table, (*_whole(memory), *_major_faults(memory), *_reasons(memory)))


def _row(phase: MemoryPhase) -> tuple[str, ...]:
    return (PHASES[phase.phase], *(text_of(getattr(phase, field)) for _, field in _COLUMNS))


def _whole(memory: MemoryProfile) -> list[Fact]:
    found = [(title, field, getattr(memory, field)) for title, field in _WHOLE]
    return [
        Fact(title, with_unit(value, "MiB") + _OF_WINDOW.get(field, ""))
        for title, field, value in found
        if value is not None
    ]


def _major_faults(memory: MemoryProfile) -> list[Fact]:
    faults = memory.major_faults
    if faults is None:
        return []
    read = f"{faults:,} page{'s' * (faults != 1)} read from disk in the measured window"
    return [Fact("Major faults", read, warns=faults > 0)]


def _reasons(memory: MemoryProfile) -> list[Fact]:
    titles = {field: title for title, field in (*_COLUMNS, *_WHOLE)}
    return [Fact(titles.get(field, field), text, is_absent=True) for field, text in memory.absent.items()]
