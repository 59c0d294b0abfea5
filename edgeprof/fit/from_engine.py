"""The sum of an engine's dry run: what a child process held by phase, and what llama.cpp says of itself. Pure."""

import msgspec

from edgeprof.fit.estimate import Estimate
from edgeprof.fit.verdict import Part

WINDOW_MIB = 0.8
"""What a worker grows by in its window: samples, and pages that the first inference did not touch."""
_KIB = 1024.0


class PhaseMemory(msgspec.Struct, frozen=True, kw_only=True):
    """A process at the end of a phase, KiB, of /proc/self/status: VmRSS, VmHWM in the phase, RssAnon + RssShmem."""

    phase: str
    rss_kib: int
    peak_kib: int
    held_kib: int


class LlamaBuffers(msgspec.Struct, frozen=True, kw_only=True):
    """What llama.cpp's own dry run prints for the host, MiB, and the context that was requested."""

    model_mib: float
    context_mib: float
    compute_mib: float
    context_tokens: int


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What a child process reports; `buffers`: of llama.cpp only."""

    runtime: str
    phases: tuple[PhaseMemory, ...]
    buffers: LlamaBuffers | None = None


_WORDS = {
    "interpreter": ("Python", "a bare worker in a child process"),
    "runtime": ("runtime", "its import in a child process"),
    "load": ("model", "its load in a child process"),
    "first_inference": ("inference", "one inference in a child process"),
    "second_inference": ("second inference", "ONNX Runtime's block for all of its tensors"),
}


def tensor_estimate(run: DryRun) -> Estimate:
    """Of a runtime that loaded the model and ran it twice."""
    parts: list[Part] = []
    before_rss = before_held = 0.0
    for phase in run.phases:
        name, how = _WORDS.get(phase.phase, (phase.phase, "a child process"))
        rss, held = phase.rss_kib / _KIB, phase.held_kib / _KIB
        more_rss, more_held = max(0.0, rss - before_rss), max(0.0, held - before_held)
        if more_rss or more_held:  # what a phase gives back lowers no peak; it may have given back mapped pages only
            parts.append(Part(name=name, mib=more_rss, held_mib=more_held, method="engine", how=how))
        before_rss, before_held = max(before_rss, rss), max(before_held, held)
    passing = max((phase.peak_kib for phase in run.phases), default=0) / _KIB - before_rss
    if passing > 0:
        parts.append(_held("passing peak", passing, "held while loading or inferring, then given back"))
    parts.append(_held("window", WINDOW_MIB, "samples of a run"))
    return Estimate(method="engine", parts=tuple(parts))


def llama_estimate(run: DryRun, tensor_mib: float) -> Estimate:
    """Of a GGUF model whose tensors take `tensor_mib` in its file, all of which is mapped and read.

    The dry run counts tensors that stay where the file has them. What is repacked for the processor is in a second
    place, held beside the mapping.
    """
    phases, buffers = run.phases, run.buffers
    if buffers is None:
        return Estimate(method="engine", parts=(), missing="llama.cpp printed no sum.")
    imported, dry = phases[-2], phases[-1]
    library = (dry.rss_kib - imported.rss_kib) / _KIB
    parts = [
        Part(
            name="Python and llama.cpp",
            mib=imported.rss_kib / _KIB,
            held_mib=imported.held_kib / _KIB,
            method="engine",
            how="import in a child process",
        ),
        Part(
            name="vocabulary, library",
            mib=library,
            held_mib=(dry.held_kib - imported.held_kib) / _KIB,
            method="engine",
            how="the child process after llama.cpp's dry run",
        ),
        Part(
            name="weights, mapped", mib=tensor_mib, method="engine", how="tensors in the file; the kernel may drop them"
        ),
    ]
    repacked = tensor_mib - buffers.model_mib
    if repacked > 1:
        parts.append(_held("weights, repacked", repacked, "for this processor; the dry run leaves it out"))
    parts += [
        _held("KV cache", buffers.context_mib, f"llama.cpp's dry run, {buffers.context_tokens:,} tokens"),
        _held("compute buffers", buffers.compute_mib, "llama.cpp's dry run, one row of logits"),
        _held("window", WINDOW_MIB, "samples of a run"),
    ]
    return Estimate(method="engine", parts=tuple(parts))


def _held(name: str, mib: float, how: str) -> Part:
    return Part(name=name, mib=mib, held_mib=mib, method="engine", how=how)
