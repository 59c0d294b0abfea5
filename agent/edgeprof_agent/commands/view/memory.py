"""Memory by phase as a small table, and what concerns the whole window; the cold start's page cache."""

from collections.abc import Iterator

from edgeprof.tables.columns import table
from edgeprof.wire.evidence import ColdStart, MemoryPhase, MemoryProfile
from edgeprof_agent.commands.view.words import by_reason, labelled, listed, number, percent, plural

_COLUMNS = (
    ("RSS", "rss_mib"),
    ("peak", "peak_mib"),
    ("anonymous", "anonymous_mib"),
    ("mapped", "file_mib"),
    ("model", "model_mapped_mib"),
    ("shared", "shared_memory_mib"),
    ("PSS", "pss_mib"),
    ("private", "private_mib"),
    ("swap", "swap_mib"),
)
_WHOLE = (
    ("average RSS", "average_rss_mib"),
    ("average PSS", "average_pss_mib"),
    ("peak PSS", "peak_pss_mib"),
    ("KV cache", "kv_cache_mib"),
    ("peak of the control group", "cgroup_peak_mib"),
    ("unified memory", "unified_used_mib"),
    ("GPU memory", "gpu_used_mib"),
)
_TITLES = {**{field: title for title, field in (*_COLUMNS, *_WHOLE)}, "major_faults": "pages from disk"}


def memory_lines(memory: MemoryProfile | None) -> Iterator[str]:
    """A column that no phase has, or that is nothing in every one of them, is left out."""
    if memory is None or not memory.phases:
        return
    columns = [(title, field) for title, field in _COLUMNS if any(getattr(one, field) for one in memory.phases)]
    yield ""
    yield "Memory by phase, MiB"
    rows = [[one.phase.replace("_", " "), *(_cell(one, field) for _, field in columns)] for one in memory.phases]
    yield from table([["at the end of", *(title for title, _ in columns)], *rows], indent=2)
    whole = [f"{title} {number(value)} MiB" for title, field in _WHOLE if (value := getattr(memory, field)) is not None]
    if memory.major_faults is not None:
        whole.append(f"{plural(memory.major_faults, 'page')} from disk in the window")
    if whole:
        yield from labelled("  window", ", ".join(whole))
    for reason, fields in by_reason(memory.absent.items()).items():
        yield from labelled("  unknown", f"{listed([_TITLES.get(field, field) for field in fields])}: {reason}")


def cold_lines(cold: ColdStart | None) -> Iterator[str]:
    """Whether the model's files really were cold."""
    if cold is None:
        return
    if not cold.evicted:
        yield from labelled(
            "cold start", f"not cold: {cold.reason or 'the files could not be dropped from the page cache'}"
        )
        return
    shares = [share for share in (cold.resident_before_share, cold.resident_after_share) if share is not None]
    seen = (
        f" ({percent(shares[0])} of their pages were there before, {percent(shares[1])} after)"
        if len(shares) == 2
        else ""
    )
    yield from labelled("cold start", f"the model's files were dropped from the page cache{seen}")


def _cell(phase: MemoryPhase, field: str) -> str:
    value = getattr(phase, field)
    return "-" if value is None else f"{value:,.1f}"
