"""After two short probes on the board: a line, or a power law, through both."""

import math

import msgspec

from edgeprof.prediction.roofline import Work

MIN_RATIO = 1.15
"""Probes nearer than this in size fix no slope: their noise would."""


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """One measured step on the board: its work and its seconds."""

    work: Work
    step_s: float


def probed_step_s(work: Work, first: Probe, second: Probe) -> float | None:
    """The step's seconds from two probes of the same kind and processor; None where they fix no curve.

    None too where one of the three is a mixture of experts: its bytes do not tell its step.

    A line `fixed + size / rate` where both are positive. Else a power law through both points: caches or other kernels
    make the smaller model faster than its share.

    >>> probes = [Probe(work=Work(kind="decode", bytes_read=b), step_s=s) for b, s in ((1e8, 0.02), (4e8, 0.05))]
    >>> round(probed_step_s(Work(kind="decode", bytes_read=2e8), *probes), 3)
    0.03
    """
    if {(each.kind, each.processor) for each in (work, first.work, second.work)} != {(work.kind, work.processor)}:
        return None
    if work.is_sparse or first.work.is_sparse or second.work.is_sparse:
        return None
    small, large = sorted((first, second), key=lambda each: each.work.size)
    if min(small.work.size, work.size) <= 0 or large.work.size < MIN_RATIO * small.work.size:
        return None
    slope = (large.step_s - small.step_s) / (large.work.size - small.work.size)
    fixed_s = small.step_s - slope * small.work.size
    if slope > 0 and fixed_s >= 0:
        return fixed_s + slope * work.size
    power = math.log(large.step_s / small.step_s) / math.log(large.work.size / small.work.size)
    return small.step_s * (work.size / small.work.size) ** power
