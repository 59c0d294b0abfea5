"""How often a source brings a new reading, from what it sent: messages are not readings. Pure.

A bridge may pass each attribute of a plug on as a message of its own, each with the power that it last knew
(Koenkk/zigbee2mqtt issue 26484): three messages within a second, and one reading in ten. So bursts are joined, and a
source that repeats a cached value is judged by the changes of that value.
"""

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from edgeprof_agent.sensors.base import Sample

MAX_BURST_GAP_S = 1.5
"""Attributes of one report were seen up to 1 s apart."""
_BURST_RATIO = 4.0
"""A pause between two bursts is at least so many times as long as one within a burst."""
_MIN_PAUSES, _MIN_PAUSE_SHARE = 2, 0.1
"""Fewer long pauses than that are messages that went missing."""
MIN_CHANGES = 4


def joined_ns(moments_ns: Sequence[int]) -> list[int]:
    """The end of each burst; every moment where there are no bursts.

    >>> joined_ns([0, 40_000_000, 80_000_000, 10_000_000_000, 10_040_000_000, 20_000_000_000])
    [80000000, 10040000000, 20000000000]
    """
    gaps_ns = sorted(later - earlier for earlier, later in pairwise(moments_ns))
    pauses_ns = [
        longer
        for number, (shorter, longer) in enumerate(pairwise(gaps_ns), 1)
        if longer >= _BURST_RATIO * shorter
        and shorter <= MAX_BURST_GAP_S * 1e9
        and len(gaps_ns) - number >= max(_MIN_PAUSES, _MIN_PAUSE_SHARE * len(gaps_ns))
    ]
    limit_ns = max(pauses_ns, default=0)
    ends = [earlier for earlier, later in pairwise(moments_ns) if later - earlier >= limit_ns]
    return [*ends, *moments_ns[-1:]]


def changes_ns(samples: Sequence[Sample]) -> list[int]:
    """When its value became another one, a burst counting once."""
    return joined_ns([later.at_ns for earlier, later in pairwise(samples) if later.value != earlier.value])


def message_pace_s(samples: Sequence[Sample]) -> float | None:
    """The usual time between two messages, a burst counting once; None of fewer than two."""
    gaps_ns = [later - earlier for earlier, later in pairwise(joined_ns([sample.at_ns for sample in samples]))]
    return median(gaps_ns) / 1e9 if gaps_ns else None


def reading_pace_s(samples: Sequence[Sample], *, cached: bool, min_changes: int = MIN_CHANGES) -> float | None:
    """The usual time between two new readings; None where its value changed too seldom to tell.

    `cached`: its messages may repeat the last value, so that the median of all changes counts. A source whose every
    message is a reading may still read the same twice: of that one, the shorter times between two changes count.
    """
    gaps_ns = sorted(later - earlier for earlier, later in pairwise(changes_ns(samples)))
    if len(gaps_ns) + 1 < min_changes:
        return None
    return (median(gaps_ns) if cached else gaps_ns[len(gaps_ns) // 4]) / 1e9


def pace_s(samples: Sequence[Sample], *, cached: bool) -> float | None:
    """The slower one of both: readings do not come faster than messages. None of fewer than two messages."""
    messages_s = message_pace_s(samples)
    if messages_s is None:
        return None
    readings_s = reading_pace_s(samples, cached=cached, min_changes=3 if cached else MIN_CHANGES)
    return messages_s if readings_s is None else max(messages_s, readings_s)
