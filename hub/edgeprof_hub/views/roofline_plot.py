"""Where nodes lie under a roofline: an SVG that needs no script. Pure geometry, both axes logarithmic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.operators.ceilings import Ceiling
from edgeprof.operators.placing import Placed
from edgeprof_hub.views.pareto_plot import Tick

WIDTH, HEIGHT = 560.0, 330.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 16.0, 24.0, 40.0
MIN_RADIUS, MAX_RADIUS = 2.5, 11.0
MAX_NAMES = 5
LINE_PX = 14.0
_DECADES_BELOW = 2.0
"""What lies further below the lowest roof stands on the lower edge."""


@dataclass(frozen=True)
class RoofDot:
    """One node. `name` is written where it is the slowest of its operator. `style`: `compute` or `memory`."""

    x: float
    y: float
    radius: float
    style: str
    title: str
    name: str = ""
    name_x: float = 0.0
    name_y: float = 0.0
    anchor: str = "start"


@dataclass(frozen=True)
class Roof:
    """One peak: its path, and where its name stands."""

    path: str
    name: str
    name_y: float


@dataclass(frozen=True)
class Roofline:
    """Everything in the units of the view box."""

    dots: tuple[RoofDot, ...]
    roofs: tuple[Roof, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    bottom: float = HEIGHT - BOTTOM
    right: float = WIDTH - RIGHT
    top: float = TOP


class _Log:
    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high = math.floor(math.log10(low) * 2) / 2, math.ceil(math.log10(high) * 2) / 2
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.low) / max(self.high - self.low, 0.5)
        return round(self._start + min(1.0, max(0.0, share)) * (self._end - self._start), 1)

    def ticks(self) -> tuple[Tick, ...]:
        powers = range(math.ceil(self.low), math.floor(self.high) + 1)
        return tuple(Tick(self.at(10.0**power), f"{10.0**power:g}") for power in powers)


def roofline(nodes: Sequence[Placed], ceiling: Ceiling) -> Roofline | None:
    """Of the nodes that multiply; None where there is none with a known place."""
    shown = [each for each in nodes if each.intensity and each.gflop_s and each.bound]
    peaks = {name: ceiling.peak_gflop_s[name] for name in sorted({each.node.precision for each in shown})}
    if not shown or not peaks or min(peaks.values()) <= 0 or ceiling.bandwidth_gb_s <= 0:
        return None
    intensities = [each.intensity or 0.0 for each in shown]
    ridges = [peak / ceiling.bandwidth_gb_s for peak in peaks.values()]
    x = _Log(min(*intensities, *ridges) / 2, max(*intensities, *ridges) * 2, LEFT, WIDTH - RIGHT)
    rates = [each.gflop_s or 0.0 for each in shown]
    lowest = max(min(rates), min(peaks.values()) / 10 ** (_DECADES_BELOW + 1))
    y = _Log(lowest / 1.5, max(*rates, *peaks.values()) * 1.5, HEIGHT - BOTTOM, TOP)
    roofs: list[Roof] = []
    for name, peak in sorted(peaks.items(), key=lambda item: -item[1]):
        above = roofs[-1].name_y + LINE_PX if roofs else -math.inf
        roofs.append(_roof(name, peak, ceiling.bandwidth_gb_s, x, y, above))
    return Roofline(_dots(shown, x, y), tuple(roofs), x.ticks(), y.ticks())


def _roof(name: str, peak: float, bandwidth: float, x: _Log, y: _Log, above: float) -> Roof:
    """Up the slope of the bandwidth from where it enters the drawing, then along the peak. `above`: of its name."""
    left = max(10**x.low, 10**y.low / bandwidth)
    start = f"M{x.at(left)} {y.at(bandwidth * left)}"
    ridge = f"L{x.at(peak / bandwidth)} {y.at(peak)}"
    return Roof(f"{start}{ridge}H{WIDTH - RIGHT}", f"{name} peak {peak:,.0f} GFLOP/s", max(y.at(peak) - 5, above))


def _dots(shown: Sequence[Placed], x: _Log, y: _Log) -> tuple[RoofDot, ...]:
    """Area by time. The slowest node of each of the slowest operators has its name."""
    longest = max(each.node.time_ns for each in shown)
    named: dict[tuple[str, str], int] = {}
    for index, each in sorted(enumerate(shown), key=lambda pair: -pair[1].node.time_ns):
        if len(named) < MAX_NAMES:
            named.setdefault((each.node.op, each.node.precision), index)
    texts = {index: " ".join(filter(None, key)) for key, index in named.items()}
    dots: list[RoofDot] = []
    last_y = -LINE_PX
    for index, each in sorted(enumerate(shown), key=lambda pair: -(pair[1].gflop_s or 0.0)):
        place_x, place_y = x.at(each.intensity or 0.0), y.at(each.gflop_s or 0.0)
        radius = max(MIN_RADIUS, MAX_RADIUS * math.sqrt(each.node.time_ns / longest))
        name = texts.get(index, "")
        is_right = place_x > WIDTH / 2
        name_y = max(place_y + 4, last_y + LINE_PX) if name else 0.0
        last_y = name_y if name else last_y
        dots.append(
            RoofDot(
                place_x,
                place_y,
                round(radius, 1),
                str(each.bound),
                f"{each.node.op} {each.node.name}: {each.node.time_ns / 1e6:.3g} ms, {each.gflop_s:.3g} GFLOP/s",
                name,
                round(place_x + (-radius - 4 if is_right else radius + 4), 1),
                round(name_y, 1),
                "end" if is_right else "start",
            )
        )
    return tuple(sorted(dots, key=lambda dot: -dot.radius))
