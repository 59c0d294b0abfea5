"""The worker's memory as a result carries it. Pure."""

from typing import cast

from edgeprof.wire.evidence import MemoryPhase, MemoryPhaseName, MemoryProfile
from edgeprof_agent.measuring.worker_memory import UNSAMPLED, WindowMemory
from edgeprof_agent.worker_protocol.document import Measured, MemoryReading

NO_CACHE = "only a language model has a KV cache"
UNTOLD_CACHE = "this runtime does not report the size of its KV cache"
NOT_LET_GO = "the worker ended before it released the model"
ROSE = "the machine used less memory after the load than before: other programs freed some"
NO_READING = "the worker did not read it"

_KIB_PER_MIB = 1024


def memory_of(
    measured: Measured,
    after: MemoryReading | None,
    group_peak_mib: float | str,
    window: WindowMemory = UNSAMPLED,
) -> MemoryProfile:
    """Phase by phase and over the window, with the reason for each thing that is missing.

    `after` was read once the model was let go. A text in the place of a figure is the reason why there is none.
    """
    readings = [*measured["memory"], *([after] if after else [])]
    absent = dict(measured["memory_absent"])
    if after is None:
        absent["after"] = NOT_LET_GO

    def known(name: str, value: float | str | None) -> float | None:
        if isinstance(value, str):
            absent[name] = value
        elif value is None:
            absent.setdefault(name, NO_READING)
        return None if isinstance(value, str) else value

    return MemoryProfile(
        phases=tuple(_phase(reading) for reading in readings),
        average_rss_mib=known("average_rss_mib", window.average_rss_mib),
        average_pss_mib=known("average_pss_mib", window.average_pss_mib),
        peak_pss_mib=known("peak_pss_mib", window.peak_pss_mib),
        kv_cache_mib=known("kv_cache_mib", _kv_cache_mib(measured)),
        cgroup_peak_mib=known("cgroup_peak_mib", group_peak_mib),
        unified_used_mib=known("unified_used_mib", _unified_used_mib(measured)),
        gpu_used_mib=known("gpu_used_mib", _gpu_used_mib(measured)),
        major_faults=measured["major_faults"],
        absent=absent,
    )


def _phase(reading: MemoryReading) -> MemoryPhase:
    return MemoryPhase(
        phase=cast(MemoryPhaseName, reading["phase"]),
        rss_mib=reading["rss_kib"] / _KIB_PER_MIB,
        peak_mib=_mib(reading["peak_kib"]),
        anonymous_mib=_mib(reading["anonymous_kib"]),
        file_mib=_mib(reading["file_kib"]),
        shared_memory_mib=_mib(reading["shared_memory_kib"]),
        pss_mib=_mib(reading["pss_kib"]),
        private_mib=_mib(reading["private_kib"]),
        swap_mib=_mib(reading["swap_kib"]),
        model_mapped_mib=_mib(reading["model_mapped_kib"]),
    )


def _kv_cache_mib(measured: Measured) -> float | str:
    text = measured["text"]
    if text is not None and text["kv_cache_kib"] is not None:
        return text["kv_cache_kib"] / _KIB_PER_MIB
    return NO_CACHE if measured["kind"] == "tensor" else measured["absent"].get("kv_cache_mib", UNTOLD_CACHE)


def _unified_used_mib(measured: Measured) -> float | str | None:
    """The fall of MemAvailable from before the load to after it, of the whole machine."""
    before, after = _reading(measured, "runtime"), _reading(measured, "load")
    before_kib = before["unified_available_kib"] if before else None
    after_kib = after["unified_available_kib"] if after else None
    if before_kib is None or after_kib is None:
        return None
    return (before_kib - after_kib) / _KIB_PER_MIB if after_kib <= before_kib else ROSE


def _gpu_used_mib(measured: Measured) -> float | str | None:
    """The most that the GPU driver handed out with the model there, over what it had before the load.

    Not at the end of the load alone: a GPU runtime allocates its work space at the first inference.
    """
    before = _reading(measured, "runtime")
    with_model = [_reading(measured, phase) for phase in ("load", "first_inference", "measure")]
    held_kib = [each["nvmap_kib"] for each in with_model if each and each["nvmap_kib"] is not None]
    if before is None or before["nvmap_kib"] is None or not held_kib:
        return None
    used_kib = max(held_kib) - before["nvmap_kib"]
    return used_kib / _KIB_PER_MIB if used_kib >= 0 else ROSE


def _reading(measured: Measured, phase: str) -> MemoryReading | None:
    return next((each for each in measured["memory"] if each["phase"] == phase), None)


def _mib(kib: int | None) -> float | None:
    return None if kib is None else kib / _KIB_PER_MIB
