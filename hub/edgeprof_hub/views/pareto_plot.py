"""Where the points and their names lie in the drawing of a Pareto plane: an SVG that needs no script. Pure geometry."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof.tables import figures

WIDTH, HEIGHT = 420.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 14.0, 14.0, 40.0
LINE_PX = 14.0
"""Between two names."""
CHAR_PX = 6.1
"""Mean width of a character at 11 px; too wide a guess only moves a name to the other side."""
MAX_NAME_CHARS = 34
LOG_FROM_RATIO = 20.0
MAX_TICKS = 5


@dataclass(frozen=True)
class Tick:
    """A line of the grid, with its number."""

    at: float
    text: str


@dataclass(frozen=True)
class Dot:
    """A point; `name` is empty where it is not written. `anchor`: how the name stands to `name_x`."""

    x: float
    y: float
    name: str = ""
    name_x: float = 0.0
    name_y: float = 0.0
    anchor: str = "start"


@dataclass(frozen=True)
class Drawing:
    """Everything in the units of the view box. `front`: the steps through the points of the front."""

    dots: tuple[Dot, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    front: str
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    bottom: float = HEIGHT - BOTTOM
    right: float = WIDTH - RIGHT
    top: float = TOP


class Scale:
    """From figures to places, logarithmic where the largest is over 20 times the smallest."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        self.is_log = min(values) > 0 and max(values) / min(values) >= LOG_FROM_RATIO
        low, high = min(values), max(values)
        if self.is_log:
            self.low, self.high = low / 1.25, high * 1.25
        else:
            room = (high - low) * 0.12 or abs(high) * 0.1 or 1.0
            self.low, self.high = low - room, high + room
            if low >= 0 > self.low:
                self.low = 0.0
        self._start, self._end = start, end

    def at(self, value: float) -> float:
        """The place of a figure."""
        if self.is_log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(self._start + share * (self._end - self._start), 1)

    def ticks(self) -> tuple[Tick, ...]:
        """Round numbers inside the scale."""
        values = _log_ticks(self.low, self.high) if self.is_log else _linear_ticks(self.low, self.high)
        return tuple(Tick(self.at(value), _short(value)) for value in values)


def drawing(points: Sequence[tuple[float, float, bool, str]], *, lower_x_is_better: bool) -> Drawing:
    """Of (x, y, on the front, name): names stand at the points of the front, moved apart where they would collide."""
    x_scale = Scale([point[0] for point in points], LEFT, WIDTH - RIGHT)
    y_scale = Scale([point[1] for point in points], HEIGHT - BOTTOM, TOP)
    places = [(x_scale.at(x), y_scale.at(y)) for x, y, _, _ in points]
    named = [index for index, point in enumerate(points) if point[2]]
    names = _named(places, {index: points[index][3] for index in named})
    dots = tuple(names.get(index, Dot(*place)) for index, place in enumerate(places))
    front = _steps([places[index] for index in named], lower_x_is_better=lower_x_is_better)
    return Drawing(dots, x_scale.ticks(), y_scale.ticks(), front)


def _named(places: Sequence[tuple[float, float]], names: dict[int, str]) -> dict[int, Dot]:
    """From top to bottom, each name at least a line below the one before, on the side where it has room."""
    found: dict[int, Dot] = {}
    last_y = -LINE_PX
    for index in sorted(names, key=lambda each: places[each][1]):
        x, y = places[index]
        text = names[index]
        text = text if len(text) <= MAX_NAME_CHARS else f"{text[: MAX_NAME_CHARS - 1]}…"
        fits_right = x + 9 + len(text) * CHAR_PX < WIDTH - 2
        name_y = min(max(y + 4, last_y + LINE_PX), HEIGHT - BOTTOM - 3)
        last_y = name_y
        found[index] = Dot(
            x, y, text, round(x + 9 if fits_right else x - 9, 1), round(name_y, 1), "start" if fits_right else "end"
        )
    return found


def _steps(front: Sequence[tuple[float, float]], *, lower_x_is_better: bool) -> str:
    """`M x y H x V y`: between two points of the front lies the worse corner, which both still beat."""
    ordered = sorted(front)
    if not ordered:
        return ""
    path = [f"M{ordered[0][0]} {ordered[0][1]}"]
    for x, y in ordered[1:]:
        path.append(f"H{x}V{y}" if lower_x_is_better else f"V{y}H{x}")
    return "".join(path)


def _linear_ticks(low: float, high: float) -> list[float]:
    rough = (high - low) / MAX_TICKS
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    first = math.ceil(low / step)
    return [index * step for index in range(first, math.floor(high / step) + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 2, 5) if math.log10(high / low) < 2.5 else (1,)
    return [10.0**power * factor for power in powers for factor in factors if low <= 10.0**power * factor <= high]


def _short(value: float) -> str:
    """`0.2`, `1.5`, `20k`: without the zeros that a figure would have."""
    if abs(value) >= 10_000:
        return f"{value / 1000:,.0f}k"
    text = figures.number(value, 6).rstrip("0").rstrip(".") if value else "0"
    return text if len(text) <= 8 else f"{value:.2g}"
