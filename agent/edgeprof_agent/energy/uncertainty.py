"""How far an energy may be off, cause by cause, as shares of the gross energy (95 %). Pure.

Independent causes add as the root of the sum of their squares (GUM, JCGM 100:2008, section 5.1). A cause that nobody
has measured is not left out, which would make the worst sources look the best: it is assumed, and said to be.
"""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from edgeprof.statistics.distributions import t_quantile
from edgeprof.wire.energy import Calibration, UncertaintyPart
from edgeprof_agent.sensors.base import Accuracy

UNSTATED_SHARE = 0.10
"""Of a source whose accuracy nobody states. An assumption: see docs/measuring-energy.md."""
_MAD_TO_SD = 1.4826
_MEDIAN_TO_MEAN = 1.2533
"""The standard error of a median is so many times that of a mean, for normal values."""


class Seen(NamedTuple):
    """What the analysis found. Powers are means over the windows; `both_ways_j`: two integrations of the same trace."""

    units_j: Sequence[float]
    window_s: float
    average_w: float
    idle_w: float
    period_s: float
    offset_error_s: float
    windows: int
    both_ways_j: tuple[float, float] | None


def parts_of(seen: Seen, accuracy: Accuracy, calibration: Calibration | None) -> tuple[UncertaintyPart, ...]:
    """Every cause that applies."""
    load_w = abs(seen.average_w) or 1.0
    rise_w = abs(seen.average_w - seen.idle_w)
    found = [*_of_the_source(accuracy, calibration, load_w)]
    if accuracy.resolution_w:
        found.append(
            UncertaintyPart(cause=f"resolution of a reading{_by(accuracy)}", share=accuracy.resolution_w / 2 / load_w)
        )
    # Windows follow each other: only the first and the last of them touch an edge, each one edge of theirs.
    touched = 2 / seen.windows if seen.windows > 1 else 2.0
    edges_s = (seen.period_s / 2 + seen.offset_error_s) * touched
    found.append(UncertaintyPart(cause="edges of the load", share=edges_s * rise_w / (seen.window_s * load_w)))
    if len(seen.units_j) > 1:
        found.append(UncertaintyPart(cause="spread of the windows", share=spread_error(seen.units_j)))
    if seen.both_ways_j is not None:
        one, other = seen.both_ways_j
        share = abs(one - other) / 2 / (abs(one) or 1.0)
        found.append(UncertaintyPart(cause="course between two values", share=share))
    return tuple(found)


def together(parts: Sequence[UncertaintyPart]) -> float:
    """Of all parts."""
    return sum(part.share**2 for part in parts) ** 0.5


def spread_share(values: Sequence[float]) -> float:
    """Median absolute deviation over the median; 0 of a single value."""
    middle = median(values)
    return median(abs(value - middle) for value in values) / abs(middle) if middle else 0.0


def spread_error(values: Sequence[float]) -> float:
    """Half the 95 % interval of the windows' median, over it."""
    n = len(values)
    return t_quantile(0.975, n - 1) * _MAD_TO_SD * _MEDIAN_TO_MEAN * spread_share(values) / n**0.5


def _of_the_source(accuracy: Accuracy, calibration: Calibration | None, load_w: float) -> list[UncertaintyPart]:
    if calibration is not None:
        parts = [
            _known_or_assumed(f"the reference meter {calibration.reference}", calibration.uncertainty_share),
        ]
        if calibration.residual_w is not None:
            parts.append(
                UncertaintyPart(cause="residual of the calibration", share=1.96 * calibration.residual_w / load_w)
            )
        return parts
    by = _by(accuracy) if accuracy.share is not None else ""
    return [_known_or_assumed(f"accuracy of the source{by}", accuracy.share)]


def _by(accuracy: Accuracy) -> str:
    """Who states it; nobody is named for what is not stated."""
    return f", by {accuracy.source}" if accuracy.source else ""


def _known_or_assumed(cause: str, share: float | None) -> UncertaintyPart:
    if share is None:
        return UncertaintyPart(cause=f"{cause} (not stated)", share=UNSTATED_SHARE, assumed=True)
    return UncertaintyPart(cause=cause, share=share)
