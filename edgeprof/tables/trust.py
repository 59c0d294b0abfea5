"""The trust badge of a cell in words: its sign, its causes, and which of them speak against which figures."""

from collections.abc import Iterable

from edgeprof.tables import figures
from edgeprof.wire import rest
from edgeprof.wire.evidence import TRUST_MEANING, Trust
from edgeprof.wire.metrics import METRICS

CLEAN_SIGN = "✓"
DOUBT_SIGN = "!"
UNCHECKED_SIGN = "?"
NOT_CHECKED = "not checked"

QUOTA = "CPU quota"
"""Stands in the reason of `busy`: an older hub would show a cause of its own as a note, and the run as not checked."""
_AGAINST_MEMORY = frozenset({"swapping", "suspect_output", "replayed", "made_up_work"})
"""Causes that speak against a figure of memory; the others only change times and energy."""
_AGAINST_NOTHING = frozenset({"emulated"})
"""Emulation has its own rule: times and energy are not ranked at all, memory is what it is."""


def sign(trust: Trust | None) -> str:
    """The one character beside a figure."""
    if trust is None:
        return UNCHECKED_SIGN
    return CLEAN_SIGN if trust.is_clean else DOUBT_SIGN


def named(cause: str) -> str:
    """`under-voltage`: a cause as it is read."""
    return cause.replace("_", " ")


def is_held_back_by_quota(trust: Trust | None) -> bool:
    """Whether a CPU quota stopped the run again and again: its median leaves the pauses out, its mean counts them."""
    return trust is not None and any(mark.cause == "busy" and QUOTA in mark.reason for mark in trust.marks)


def causes(trust: Trust | None) -> tuple[str, ...]:
    """The names of what was found, each once."""
    return tuple(dict.fromkeys(named(mark.cause) for mark in trust.marks)) if trust else ()


def reasons(trust: Trust | None) -> tuple[str, ...]:
    """A sentence for each finding, `busy: Other programs took 14 % of the cores.`"""
    if trust is None or trust.is_clean:
        return ()
    return tuple(figures.clean(f"{named(mark.cause)}: {mark.reason}") for mark in trust.marks)


def doubts(cell: rest.Cell, metric: str) -> bool:
    """Whether something was found that speaks against this figure of the cell."""
    return speak_against((mark.cause for mark in cell.trust.marks) if cell.trust else (), metric)


def speak_against(causes: Iterable[str], metric: str) -> bool:
    """Whether one of these causes speaks against a figure of this metric."""
    known, found = METRICS.get(metric), set(causes)
    if known is not None and known.scope in ("memory", "size"):
        return bool(found & _AGAINST_MEMORY)
    return bool(found - _AGAINST_NOTHING)


def meanings_of(cells: Iterable[rest.Cell]) -> dict[str, str]:
    """What each cause means that some cell has, in the order of the registry."""
    there = {mark.cause for cell in cells if cell.trust for mark in cell.trust.marks}
    return {cause: meaning for cause, meaning in TRUST_MEANING.items() if cause in there}


def legend(cells: Iterable[rest.Cell]) -> tuple[str, ...]:
    """A line for each sign that stands in a table of these cells."""
    shown = [cell for cell in cells if cell.metrics and cell.state != "failed"]
    signs = set(map(sign, [cell.trust for cell in shown]))
    found = meanings_of(shown)
    lines: list[str] = []
    if CLEAN_SIGN in signs:
        lines.append(f"{CLEAN_SIGN} no problem found in this run.")
    if DOUBT_SIGN in signs:
        meanings = " ".join(f"{named(cause)}: {meaning}" for cause, meaning in found.items())
        lines.append(
            f"{DOUBT_SIGN} a problem was found and is named under the row; such a run is never marked best. {meanings}"
        )
    if UNCHECKED_SIGN in signs:
        lines.append(f"{UNCHECKED_SIGN} {NOT_CHECKED}: the run predates trust badges.")
    return tuple(lines)
