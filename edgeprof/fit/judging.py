"""From an estimate and a room to a verdict. Pure.

Two lines decide. Above the peak with a margin, everything stays in memory: *fits*. Below what must stay in memory, the
worker is killed: *does not fit*. Between them it runs and reads its files again and again, or it just fails: *tight*.
"""

from collections.abc import Sequence

from edgeprof.fit.estimate import Estimate
from edgeprof.fit.room import Room
from edgeprof.fit.verdict import Fit, Outcome, Reason

PEAK_MARGIN_SHARE, PEAK_MARGIN_MIB = 0.04, 4.0
"""Above the predicted peak. benchmarks/fit_limits.py chose them on one half of its models and scores the other."""
HELD_MARGIN_SHARE, HELD_MARGIN_MIB = 0.04, 4.0
"""Below what is predicted to stay in memory; chosen in the same way."""
_WORST_FIRST: tuple[Outcome, ...] = ("does not fit", "cannot tell", "tight", "fits")


def judge(estimate: Estimate | None, room: Room, reasons: Sequence[Reason] = (), unknown: str = "") -> Fit:
    """The verdict on memory and every other reason together; the worst of them wins.

    `unknown`: why there is no estimate.

    >>> from edgeprof.fit.verdict import Part
    >>> held = Estimate(method="engine", parts=(Part(name="all", mib=100.0, held_mib=60.0, method="engine"),))
    >>> [judge(held, Room(mib, "")).outcome for mib in (200.0, 80.0, 40.0)]
    ['fits', 'tight', 'does not fit']
    """
    outcome, sentence = _memory(estimate, room, unknown)
    against = min(reasons, key=lambda each: _WORST_FIRST.index(each.outcome), default=None)
    if against is not None and _WORST_FIRST.index(against.outcome) < _WORST_FIRST.index(outcome):
        outcome, sentence = against.outcome, against.sentence
    return Fit(
        outcome=outcome,
        sentence=sentence,
        peak_mib=estimate.peak_mib if estimate else None,
        held_mib=estimate.held_mib if estimate else None,
        limit_mib=room.mib,
        parts=estimate.parts if estimate else (),
        reasons=tuple(reasons),
    )


def _memory(estimate: Estimate | None, room: Room, unknown: str) -> tuple[Outcome, str]:
    if estimate is None:
        return "cannot tell", unknown
    peak, held = estimate.peak_mib, estimate.held_mib
    if room.mib is None:
        return "cannot tell", f"Needs {peak:,.0f} MiB. {room.source}"
    figures = f"{peak:,.0f} of {room.mib:,.0f} MiB"
    if held * (1 - HELD_MARGIN_SHARE) - HELD_MARGIN_MIB > room.mib:
        return "does not fit", f"{figures}: {held:,.0f} MiB must stay in memory. Use a smaller variant or context."
    if estimate.missing:
        return "cannot tell", f"At least {figures}: {estimate.missing}"
    if peak * (1 + PEAK_MARGIN_SHARE) + PEAK_MARGIN_MIB <= room.mib:
        return "fits", f"{figures}."
    if peak - held > 0.1 * peak and held * (1 + PEAK_MARGIN_SHARE) + PEAK_MARGIN_MIB <= room.mib:
        return "tight", f"{figures}: it runs, but reads mapped weights and libraries from disk again."
    return "tight", f"{figures}: too close to call. Measure it, or use a smaller variant."
