"""How late a meter's values are, from the edges of the load that they show. Pure.

A meter on another machine has its own clock, averages over a time of its own, and its values travel. All three delay
what it says. With an idle level before, a load level after and the area between, the moment at which the load began for
the meter follows without looking at any single value: t = t_b - area / (load - idle), with the area of the power above
idle from t_a (in the idle stretch) to t_b (in the load). The end of the load gives a second one.
"""

from collections.abc import Sequence
from statistics import fmean, median
from typing import NamedTuple

from edgeprof_agent.energy.integrate import energy_between
from edgeprof_agent.sensors.base import Sample

_SEEN_SD = 3.0
"""The load must stand out from the idle stretch by so many of its standard deviations."""
_MIN_RISE = 0.02
"""And by so much of it."""
_MAX_LATE_PERIODS, _MAX_LATE_S = 3.0, 5.0


class Load(NamedTuple):
    """On this machine's clock: the idle stretches and the load between them."""

    idle_start_ns: int
    load_start_ns: int
    load_end_ns: int
    idle_end_ns: int


class Offset(NamedTuple):
    """By how much the values came late, and the half-width within which that is known (95 %)."""

    late_s: float
    error_s: float


def offset_of(samples: Sequence[Sample], load: Load, period_s: float, *, held: bool) -> Offset | str:
    """From both edges, or why it cannot be told. `samples` are watts, in order."""
    most_ns = int((_MAX_LATE_PERIODS * period_s + _MAX_LATE_S) * 1e9)
    # The level of the load is taken between one and three reaches from an edge, which must lie in the load.
    reach_ns = min(most_ns, (load.load_end_ns - load.load_start_ns) // 3)
    before = _level(
        samples,
        min(load.idle_start_ns + reach_ns // 2, _middle(load.idle_start_ns, load.load_start_ns)),
        load.load_start_ns,
    )
    after = _level(
        samples,
        min(load.load_end_ns + reach_ns, _middle(load.load_end_ns, load.idle_end_ns)),
        load.idle_end_ns + reach_ns,
    )
    found: list[float] = []
    for edge_ns, idle_w, sign in ((load.load_start_ns, before, 1), (load.load_end_ns, after, -1)):
        level = _level(samples, *_beside(edge_ns, sign * 3 * reach_ns, sign * reach_ns))
        late_s = _late_s(samples, edge_ns, reach_ns, idle_w, level, sign, held=held)
        if late_s is not None:
            found.append(late_s)
    if not found:
        return "its values do not show the load, so they cannot be aligned with it"
    late_s = fmean(found)
    if abs(late_s) > most_ns / 1e9:
        return f"its values are {late_s:.0f} s late and cannot be aligned with the load"
    spread_s = abs(found[0] - found[-1]) / 2
    return Offset(late_s, max(spread_s, period_s / 2))


def _middle(one_ns: int, other_ns: int) -> int:
    return (one_ns + other_ns) // 2


def _beside(edge_ns: int, far_ns: int, near_ns: int) -> tuple[int, int]:
    return min(edge_ns + far_ns, edge_ns + near_ns), max(edge_ns + far_ns, edge_ns + near_ns)


class _Level(NamedTuple):
    watts: float
    sd: float


def _level(samples: Sequence[Sample], start_ns: int, end_ns: int) -> _Level | None:
    inside = [sample.value for sample in samples if start_ns <= sample.at_ns <= end_ns]
    if not inside:
        return None
    middle = median(inside)
    return _Level(middle, 1.4826 * median(abs(value - middle) for value in inside))


def _late_s(
    samples: Sequence[Sample],
    edge_ns: int,
    reach_ns: int,
    idle: _Level | None,
    load: _Level | None,
    sign: int,
    *,
    held: bool,
) -> float | None:
    """`sign` 1: idle before the edge; -1: idle after it."""
    if idle is None or load is None:
        return None
    rise = load.watts - idle.watts
    if abs(rise) < max(_SEEN_SD * idle.sd, _MIN_RISE * abs(idle.watts)):
        return None
    start_ns = max(edge_ns - reach_ns, samples[0].at_ns)
    end_ns = min(edge_ns + reach_ns, samples[-1].at_ns)
    if end_ns <= start_ns:
        return None
    span_s = (end_ns - start_ns) / 1e9
    area_j = energy_between(samples, start_ns, end_ns, "held" if held else "trapezoid") - idle.watts * span_s
    loaded_s = area_j / rise
    seen_ns = end_ns - loaded_s * 1e9 if sign > 0 else start_ns + loaded_s * 1e9
    return (seen_ns - edge_ns) / 1e9
