"""The worker's memory readings as a result carries them. Pure."""

from typing import cast

from edgeprof.wire.evidence import MemoryPhase, MemoryPhaseName, MemoryProfile
from edgeprof_agent.worker.document import Measured, MemoryReading

_KIB_PER_MIB = 1024


def memory_of(measured: Measured) -> MemoryProfile:
    """Phase by phase, with the reasons for what is missing."""
    text = measured["text"]
    return MemoryProfile(
        phases=tuple(_phase(reading) for reading in measured["memory"]),
        kv_cache_mib=_mib(text["kv_cache_kib"]) if text else None,
        major_faults=measured["major_faults"],
        absent=measured["memory_absent"],
    )


def _phase(reading: MemoryReading) -> MemoryPhase:
    return MemoryPhase(
        phase=cast(MemoryPhaseName, reading["phase"]),
        rss_mib=reading["rss_kib"] / _KIB_PER_MIB,
        peak_mib=_mib(reading["peak_kib"]),
        anonymous_mib=reading["anonymous_kib"] / _KIB_PER_MIB,
        file_mib=reading["file_kib"] / _KIB_PER_MIB,
        shared_memory_mib=reading["shared_memory_kib"] / _KIB_PER_MIB,
        pss_mib=_mib(reading["pss_kib"]),
        private_mib=_mib(reading["private_kib"]),
        swap_mib=_mib(reading["swap_kib"]),
        model_mapped_mib=_mib(reading["model_mapped_kib"]),
    )


def _mib(kib: float | None) -> float | None:
    return None if kib is None else kib / _KIB_PER_MIB
