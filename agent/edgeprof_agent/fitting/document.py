"""What the child process tells its parent, as JSON: the same fields as `edgeprof.fit.from_engine.DryRun`.

Kept to light modules: whatever the child loads is counted in its figures.
"""

from typing import TypedDict

from edgeprof_agent.worker.memory import MemoryBook


class PhaseDocument(TypedDict):
    """KiB, of /proc/self/status."""

    phase: str
    rss_kib: int
    peak_kib: int
    held_kib: int


class BuffersDocument(TypedDict):
    """MiB, as llama.cpp prints them."""

    model_mib: float
    context_mib: float
    compute_mib: float
    context_tokens: int


class DryRunDocument(TypedDict):
    """`buffers`: of llama.cpp only."""

    runtime: str
    phases: list[PhaseDocument]
    buffers: BuffersDocument | None


def phases_of(memory: MemoryBook) -> list[PhaseDocument]:
    """A phase whose peak the kernel does not tell has the process's own so far."""
    return [
        {
            "phase": reading["phase"],
            "rss_kib": reading["rss_kib"],
            "peak_kib": reading["peak_kib"] or memory.peak_kib,
            "held_kib": (reading["anonymous_kib"] or 0) + (reading["shared_memory_kib"] or 0),
        }
        for reading in memory.readings
    ]
