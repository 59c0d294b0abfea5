"""Whether a recording can be believed over a span: the first thing wrong with it, in words. Pure.

Whatever is found here costs the run its energy. A figure that a stuck, torn or reinterpreted trace gives looks as good
as any other one, so nothing is repaired.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from edgeprof_agent.energy.integrate import changes, covers
from edgeprof_agent.sensors.base import Recording, Sample

MAX_GAP_PERIODS, MIN_GAP_S = 5, 1.0
"""A source that is read many times a second may miss a beat beside a model that has every core."""
_UNIT_JUMP = 30.0
"""Between two windows of one load. Units differ by 1,000, what a device draws under one load by far less."""
_MAX_W = 3_000.0
"""More than any edge device and than a household socket gives."""


def why_unusable(recording: Recording, samples: Sequence[Sample], start_ns: int, end_ns: int) -> str | None:
    """None if nothing is wrong. `samples` are the recording's, in order and set right in time."""
    broken = next((each.reason for each in recording.broken if start_ns <= each.at_ns <= end_ns), None)
    if broken is not None:
        return broken
    if not samples:
        return recording.broken[0].reason if recording.broken else "it gave no values"
    return (
        _uncovered(recording, samples, start_ns, end_ns)
        or _gap(recording, samples, start_ns, end_ns)
        or _stuck(samples, start_ns, end_ns)
        or _fell(recording, samples, start_ns, end_ns)
    )


def why_inconsistent(window_w: Sequence[float]) -> str | None:
    """The same load, window after window: its mean powers are alike, or the source changed what it says."""
    if any(abs(each) > _MAX_W for each in window_w):
        return f"{max(window_w, key=abs):.0f} W is more than such a device can draw; check its unit"
    middle = median(window_w)
    if any(each * middle < 0 and abs(each) > abs(middle) / 2 for each in window_w):
        return "its values changed sign during the run"
    sizes = [abs(each) for each in window_w if each]
    if sizes and max(sizes) > _UNIT_JUMP * min(sizes):
        return f"its values changed by a factor of {max(sizes) / min(sizes):.0f} during the run, as if the unit changed"
    return None


def why_negative(recording: Recording, window_w: Sequence[float]) -> str | None:
    """A plug may be wired the other way round; what feeds a module that runs cannot be below zero."""
    middle = median(window_w) if window_w else 0.0
    if middle >= 0 or recording.scope != "module_input":
        return None
    return (
        f"the module's input reads {middle:.1f} W under load, but a running module draws power: the sign of its "
        "current is wrong"
    )


def _uncovered(recording: Recording, samples: Sequence[Sample], start_ns: int, end_ns: int) -> str | None:
    if covers(samples, start_ns, end_ns):
        return None
    if samples[-1].at_ns < end_ns:
        missing_s = (end_ns - samples[-1].at_ns) / 1e9
        why = f" ({recording.broken[-1].reason})" if recording.broken else ""
        return f"it fell silent {missing_s:.1f} s before the end{why}"
    return f"its first value came {(samples[0].at_ns - start_ns) / 1e9:.1f} s after the start"


def _gap(recording: Recording, samples: Sequence[Sample], start_ns: int, end_ns: int) -> str | None:
    """Of a source that sends when its value changes, silence is no gap but a value that stays."""
    if recording.integration == "held":
        return None
    longest_s = (
        max(
            later.at_ns - earlier.at_ns
            for earlier, later in pairwise(samples)
            if later.at_ns >= start_ns and earlier.at_ns <= end_ns
        )
        / 1e9
    )
    if longest_s <= max(MIN_GAP_S, MAX_GAP_PERIODS * recording.period_s):
        return None
    return f"a gap of {longest_s:.2f} s between values expected every {recording.period_s:.2f} s"


def _stuck(samples: Sequence[Sample], start_ns: int, end_ns: int) -> str | None:
    if changes(samples, start_ns, end_ns):
        return None
    return "the same value idle and under load: it is stuck, or does not measure this load"


def _fell(recording: Recording, samples: Sequence[Sample], start_ns: int, end_ns: int) -> str | None:
    if recording.integration != "counter":
        return None
    inside = [sample.value for sample in samples if start_ns <= sample.at_ns <= end_ns]
    falls = any(later < earlier for earlier, later in pairwise(inside))
    return "its counter jumped back" if falls else None
