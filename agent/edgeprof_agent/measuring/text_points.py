"""What a language model's sweep shows as a whole: how generation slows with depth, and how far the context reaches.

Pure functions over the points of a result.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from edgeprof.statistics.distributions import normal_quantile
from edgeprof.wire.evidence import SweepPoint
from edgeprof.wire.messages import RunConfig


@dataclass(frozen=True, kw_only=True)
class Slope:
    """By how much a token takes longer for each token that lies in memory, and a token's time at depth 0.

    `low`, `high`: the slope's 95 % interval; None below 6 depths, which cannot give one.
    """

    us_per_token: float
    low: float | None
    high: float | None
    at_empty_ms: float
    depths: int


@dataclass(frozen=True, kw_only=True)
class Reach:
    """The longest context (depth and prompt) that was measured, and what ended it (None: nothing that was tried)."""

    tokens: int
    ended_by: str | None


def decode_slope(points: Sequence[SweepPoint]) -> Slope | None:
    """The median slope over all pairs of depths (Theil 1950, Sen 1968); None below two depths.

    The interval is Sen's: the slopes of rank (N -+ C) / 2, C = 1.96 sqrt(n (n - 1) (2 n + 5) / 18), of N pairs.
    """
    times_ms = _token_times_ms(points)
    if len(times_ms) < 2:
        return None
    pairs = combinations(sorted(times_ms.items()), 2)
    slopes = sorted((later - earlier) / (deep - shallow) for (shallow, earlier), (deep, later) in pairs)
    slope = statistics.median(slopes)
    low, high = _sen_interval(slopes, len(times_ms))
    at_empty_ms = statistics.median([time_ms - slope * depth for depth, time_ms in times_ms.items()])
    return Slope(
        us_per_token=slope * 1e3,
        low=None if low is None else low * 1e3,
        high=None if high is None else high * 1e3,
        at_empty_ms=at_empty_ms,
        depths=len(times_ms),
    )


def usable_context(points: Sequence[SweepPoint]) -> Reach | None:
    """How far the sweep got, over points whose lengths are filled in. None where no point was measured."""
    reached = [_context(point) for point in points if point.failure is None]
    if not reached:
        return None
    beyond = [point for point in points if point.failure is not None and _context(point) > max(reached)]
    nearest = min(beyond, key=_context, default=None)
    return Reach(tokens=max(reached), ended_by=nearest.failure if nearest else None)


def filled_in(points: Sequence[SweepPoint], config: RunConfig) -> list[SweepPoint]:
    """With the run's own length wherever a point names none, which is what was measured there."""
    return [
        replace(
            point,
            at=replace(
                point.at,
                prompt_tokens=config.prompt_tokens if point.at.prompt_tokens is None else point.at.prompt_tokens,
                depth_tokens=config.depth_tokens if point.at.depth_tokens is None else point.at.depth_tokens,
            ),
        )
        for point in points
    ]


def depth_note(points: Sequence[SweepPoint], config: RunConfig, at_run: float | None) -> str | None:
    """How much of the run's own decode rate (`at_run`, tokens/s) is left at the deepest point that was measured."""
    rates = {
        point.at.depth_tokens: row.value
        for point in filled_in(points, config)
        for row in point.metrics
        if row.metric == "decode_tokens_per_s" and (point.at.depth_tokens or 0) > config.depth_tokens
    }
    if not rates or not at_run:
        return None
    depth = max(rates, key=lambda depth: depth or 0)
    return (
        f"decode at depth {depth}: {rates[depth]:.3g} tokens/s, {rates[depth] / at_run:.2f} of the rate at depth "
        f"{config.depth_tokens}"
    )


def sweep_notes(asked: Sequence[SweepPoint], config: RunConfig) -> tuple[str, ...]:
    """Both in words, for a result of a language model. A point as it was asked leaves lengths open to `config`."""
    points = filled_in(asked, config)
    slope, reach = decode_slope(points), usable_context(points)
    notes: list[str] = []
    if slope is not None:
        interval = f" ({slope.low:.3g} to {slope.high:.3g})" if slope.low is not None and slope.high is not None else ""
        notes.append(
            f"a token takes {slope.us_per_token:.3g} µs{interval} longer for each token in the context, from "
            f"{slope.at_empty_ms:.3g} ms at depth 0, over {slope.depths} depths"
        )
    if reach is not None:
        ended = f"; beyond it: {reach.ended_by}" if reach.ended_by else ""
        notes.append(f"measured up to a context of {reach.tokens} tokens{ended}")
    return tuple(notes)


def _token_times_ms(points: Sequence[SweepPoint]) -> dict[int, float]:
    """Time of a generated token by depth; the median where several points share one."""
    by_depth: dict[int, list[float]] = {}
    for point in points:
        rates = [row.value for row in point.metrics if row.metric == "decode_tokens_per_s"]
        if rates and point.at.depth_tokens is not None:
            by_depth.setdefault(point.at.depth_tokens, []).append(1e3 / rates[0])
    return {depth: statistics.median(times) for depth, times in by_depth.items()}


def _sen_interval(slopes: Sequence[float], n: int) -> tuple[float | None, float | None]:
    reach = normal_quantile(0.975) * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    rank = math.floor((len(slopes) - reach) / 2)
    return (slopes[rank - 1], slopes[len(slopes) - rank]) if rank >= 1 else (None, None)


def _context(point: SweepPoint) -> int:
    return (point.at.depth_tokens or 0) + (point.at.prompt_tokens or 0)
