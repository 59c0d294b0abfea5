"""From an estimate and a room to a verdict. Pure.

Two lines decide. At the peak and above, everything stays in memory: *fits*. Below what must stay in memory, the worker
is killed: *does not fit*. Between them it runs and reads its files again and again, or it just fails: *tight*.
"""

from collections.abc import Sequence

from edgeprof.fit.estimate import Estimate
from edgeprof.fit.room import Room
from edgeprof.fit.verdict import Fit, Outcome, Reason

MARGIN_ABOVE_SHARE, MARGIN_ABOVE_MIB = 0.08, 6.0
"""Above what must stay in memory, whatever the peak. Chosen on the cells that benchmarks/fit_limits.py does not score:
the estimate was at most 4 MiB and 11 % too small on them."""
MARGIN_BELOW_SHARE = 0.08
"""Below it. On the same cells half of the runs lived at 0.95 of the estimate, and none at 0.8."""
WORST_FIRST: tuple[Outcome, ...] = ("does not fit", "cannot tell", "tight", "fits")
"""Which of several verdicts decides."""


def judge(estimate: Estimate | None, room: Room, reasons: Sequence[Reason] = (), unknown: str = "") -> Fit:
    """The verdict on memory and every other reason together; the worst of them wins.

    `unknown`: why there is no estimate.

    >>> from edgeprof.fit.verdict import Part
    >>> held = Estimate(method="engine", parts=(Part(name="all", mib=100.0, held_mib=60.0, method="engine"),))
    >>> [judge(held, Room(mib, "")).outcome for mib in (200.0, 80.0, 40.0)]
    ['fits', 'tight', 'does not fit']
    """
    outcome, sentence = _memory(estimate, room, unknown)
    against = min(reasons, key=lambda each: WORST_FIRST.index(each.outcome), default=None)
    if against is not None and WORST_FIRST.index(against.outcome) < WORST_FIRST.index(outcome):
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
    if room.mib < held * (1 - MARGIN_BELOW_SHARE):
        return "does not fit", f"{figures}: {held:,.0f} MiB must stay in memory. Use a smaller variant or context."
    if estimate.missing:
        return "cannot tell", f"At least {figures}: {estimate.missing}"
    enough = held * (1 + MARGIN_ABOVE_SHARE) + MARGIN_ABOVE_MIB
    if room.mib >= max(peak, enough):
        return "fits", f"{figures}."
    if room.mib >= enough:
        return "tight", f"{figures}: it runs, but reads mapped weights and libraries from disk again."
    return "tight", f"{figures}, of which {held:,.0f} must stay: too close to call. Use a smaller variant."
