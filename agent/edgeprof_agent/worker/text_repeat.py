"""Repeats of a prompt or a generation: warm-up until steady, then until the mean is known well enough.

Each repeat is long (milliseconds to minutes) and covers many tokens, so that few are taken and each is looked at: at
least 6 and `window_s`, then until half the 95 % interval of the mean (Student's t) is at most `precision` of it, for at
most `window_limit_s`. Looking after every repeat stops a little too early on a lucky streak; the reported interval is
that of the median by order statistics, which does not come from this rule.
"""

import gc
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from edgeprof_agent.worker_protocol.document import Job, WindowEnd

REPEATS = 6
"""The fewest that give a median a 95 % interval (see edgeprof/statistics/quantiles.py)."""
_ALIKE = 3
_MAX_VARIATION = 0.02
_Z = 1.959964

T = TypeVar("T")


class Warm(NamedTuple):
    """How many runs, and whether the last ones were alike."""

    runs: int
    settled: bool


class Rule(NamedTuple):
    """How long to repeat. `precision` None: time and count alone decide."""

    min_runs: int
    max_runs: int
    window_ns: int
    limit_ns: int
    precision: float | None
    stop_at_ns: int

    def ended(self, values: Sequence[float], elapsed_ns: int, now_ns: int) -> WindowEnd | None:
        """What ends the repeats now; None: another one."""
        if now_ns >= self.stop_at_ns:
            return "deadline"
        if len(values) >= self.max_runs:
            return "runs"
        if len(values) < self.min_runs or elapsed_ns < self.window_ns:
            return None
        if self.precision is not None:
            width = relative_half_width(values)
            if width is not None and width <= self.precision:
                return "precision"
        return "time" if elapsed_ns >= self.limit_ns else None


def rule_of(job: Job) -> Rule:
    """That of the measured window."""
    return Rule(
        min(REPEATS, job["protocol"].max_runs),
        job["protocol"].max_runs,
        int(job["protocol"].window_s * 1e9),
        int(job["protocol"].window_limit_s * 1e9),
        job["protocol"].precision,
        job["stop_at_ns"],
    )


def warm_up(once: Callable[[], float], job: Job) -> Warm:
    """Runs until the last three vary by at most 2 % and the newest does not lead them by more (see warmup.py).

    `once` gives its own time. Ends at `warmup_limit_s`, but not before the second run: a model whose prompt takes
    longer than the limit is steady where its last two times differ by at most 4 %.
    """
    limit_ns = time.monotonic_ns() + int(job["protocol"].warmup_limit_s * 1e9)
    times: list[float] = []
    while time.monotonic_ns() < job["stop_at_ns"]:
        times.append(once())
        if is_steady(times, _ALIKE):
            return Warm(len(times), True)
        if time.monotonic_ns() >= limit_ns and len(times) >= 2:
            return Warm(len(times), len(times) == 2 and is_steady(times, 2))
    return Warm(len(times), False)


def is_steady(times: Sequence[float], count: int) -> bool:
    """Whether the last `count` times are alike."""
    last = times[-count:]
    if len(last) < count:
        return False
    mean = sum(last) / count
    deviation = (sum((value - mean) ** 2 for value in last) / (count - 1)) ** 0.5
    return deviation <= _MAX_VARIATION * mean and last[-1] >= min(last[:-1]) * (1 - _MAX_VARIATION)


def repeat(once: Callable[[], T], value: Callable[[T], float], rule: Rule, taken: list[T]) -> WindowEnd:
    """Appends to `taken` until the rule ends it, and tells by what. Python's collector is off meanwhile."""
    gc.collect()
    gc.disable()
    try:
        start_ns = time.monotonic_ns()
        while True:
            taken.append(once())
            now_ns = time.monotonic_ns()
            ended_by = rule.ended([value(one) for one in taken], now_ns - start_ns, now_ns)
            if ended_by is not None:
                return ended_by
    finally:
        gc.enable()


def relative_half_width(values: Sequence[float]) -> float | None:
    """Half the mean's 95 % interval over the mean; None below 6 values."""
    n = len(values)
    if n < REPEATS:
        return None
    mean = sum(values) / n
    deviation = (sum((value - mean) ** 2 for value in values) / (n - 1)) ** 0.5
    return t_975(n - 1) * deviation / n**0.5 / mean if mean else None


def t_975(degrees: int) -> float:
    """The 97.5 % quantile of Student's t by its expansion at the normal one (Abramowitz and Stegun 26.7.5).

    Within 0.003 of the exact value from 5 degrees of freedom on.
    """
    z, v = _Z, degrees
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / v + second / v**2 + third / v**3
