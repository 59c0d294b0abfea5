"""From which daily volume on a device is no dearer than the cloud: formula 14 of docs/cost.md."""

import math

from edgeprof_hub.cost.alternative import Alternative
from edgeprof_hub.cost.bill import capacity_per_day, edge_usd
from edgeprof_hub.cost.draws import Values
from edgeprof_hub.cost.tiers import MONTH_DAYS

SAME = 1e-9
"""Two bills that differ by less than this share are equal: the rest is rounding. Equal bills are the break-even."""


def break_even_per_day(values: Values, alternative: Alternative) -> int | None:
    """The least whole volume that one device can do at which it costs no more than the alternative; None is never.

    Within a tier both bills are straight lines over the volume, so each tier is searched between its two ends.
    """
    most, units = math.floor(capacity_per_day(values)), alternative.units(values)
    start = 1
    for tier in alternative.tiers:
        end = most if tier.up_to is None else min(most, math.floor(tier.up_to / units / MONTH_DAYS))
        if start <= end:
            found = _least(values, alternative, start, end)
            if found is not None:
                return found
            start = end + 1
    return None


def pays(values: Values, alternative: Alternative, per_day: float) -> bool:
    """Whether the device costs no more than the alternative at this volume."""
    return gain_usd_per_day(values, alternative, per_day) >= 0


def gain_usd_per_day(values: Values, alternative: Alternative, per_day: float) -> float:
    """What the device saves in a day; bills that are the same but for rounding count as saving nothing, not less."""
    return per_day * (alternative.usd(values, per_day) * (1 + SAME) - edge_usd(values, per_day))


def _least(values: Values, alternative: Alternative, start: int, end: int) -> int | None:
    """The least volume from `start` to `end` that pays, where the gain is a straight line between them."""
    gain_at_start = gain_usd_per_day(values, alternative, start)
    if gain_at_start >= 0:
        return start
    gain_at_end = gain_usd_per_day(values, alternative, end)
    if gain_at_end < 0:
        return None
    guess = start + math.ceil(gain_at_start / (gain_at_start - gain_at_end) * (end - start))
    low, high = start, end
    # The line's crossing is right but for rounding: two looks beside it nearly always end the search.
    for probe in (guess - 1, guess):
        if low < probe < high:
            low, high = (low, probe) if pays(values, alternative, probe) else (probe, high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if pays(values, alternative, middle) else (middle, high)
    return high
