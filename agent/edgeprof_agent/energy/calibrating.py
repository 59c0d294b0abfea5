"""A two-point calibration of one unit's source against a meter: watts = slope * reading + offset. Pure."""

from collections.abc import Sequence
from statistics import fmean

from edgeprof.errors import UsageError
from edgeprof.wire.energy import Calibration

Point = tuple[float, float]
"""What the source read and what the meter said, in watts."""

_MIN_APART = 0.1
"""Two points closer than this share of the larger reading give a slope that is mostly noise."""


def fit(points: Sequence[Point]) -> tuple[float, float, float | None]:
    """Slope, offset in watts, root mean square residual (None with two points); least squares.

    Raises UsageError where the points cannot carry a line.
    """
    readings = [reading for reading, _ in points]
    if len(points) < 2 or max(readings) - min(readings) < _MIN_APART * max(map(abs, readings)):
        raise UsageError(
            "calibration_points",
            "A calibration needs two points with readings at least 10 % apart: one idle and one under load.",
        )
    mean_x, mean_y = fmean(readings), fmean(metered for _, metered in points)
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x in readings)
    if slope <= 0:
        raise UsageError(
            "calibration_points",
            "The meter reads less where the source reads more. Check that both measure the same device, and the sign.",
        )
    offset_w = mean_y - slope * mean_x
    if len(points) == 2:
        return slope, offset_w, None
    squares = sum((y - slope * x - offset_w) ** 2 for x, y in points)
    return slope, offset_w, (squares / (len(points) - 2)) ** 0.5


def corrected_w(reading_w: float, calibration: Calibration | None) -> float:
    """The reading as the reference would have said it."""
    return reading_w if calibration is None else calibration.slope * reading_w + calibration.offset_w


def corrected_j(energy_j: float, seconds: float, calibration: Calibration | None) -> float:
    """The same of an energy over a time."""
    return energy_j if calibration is None else calibration.slope * energy_j + calibration.offset_w * seconds
