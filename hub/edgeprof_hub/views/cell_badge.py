"""The one badge of a cell: the most important of all that is known against or for its figure."""

from dataclasses import dataclass
from typing import Literal

from edgeprof.tables import figures, trust
from edgeprof.tables.quality_words import DRIFTS
from edgeprof.traps.table import KNOWN_TRAP
from edgeprof.wire import rest

OF_THE_ROW = frozenset({"emulated", "replayed"})
"""A property of the device, said once in its row, and not a fault of each of its runs."""
MEANINGS = {
    ("family", "best"): "Best of its family on this device.",
    ("family", "not_shown_to_differ"): "Leads its family on this device with others: no difference is shown.",
    ("column", "best"): "Best device for this variant.",
    ("column", "not_shown_to_differ"): "Leads for this variant with other devices: no difference is shown.",
}

BadgeKind = Literal["stale", "gate-bad", "doubt", "best", "same", "gate-open", "clean", "unchecked"]


@dataclass(frozen=True)
class Badge:
    """`text` is what stands in the cell, `title` what it means; `reasons` are all sentences about the run."""

    kind: BadgeKind
    text: str
    title: str
    reasons: tuple[str, ...] = ()


def badge_of(cell: rest.Cell, metric: str) -> Badge:
    """In this order: stale, failed gate, doubt, known trap, drift, mark, undecided gate, none."""
    reasons = reasons_of(cell, metric)
    kind, text = _shown(cell, metric)
    title = reasons[0] if reasons else "No problem found in this run."
    return Badge(kind, text, title, reasons)


def reasons_of(cell: rest.Cell, metric: str) -> tuple[str, ...]:
    """Every sentence that the badge opens: what was found, what it leads, what its gate says."""
    found = [*(note for note in cell.notes if note.startswith("Stale"))]
    if cell.quality is not None:
        found += cell.quality.gate_sentences if cell.quality.gate else ()
    found += _doubts(cell, sentences=True)
    found += [MEANINGS[mark.among, mark.verdict] for mark in cell.marks if mark.metric == metric]
    if cell.quality is not None and cell.quality.drift in DRIFTS:
        found.append(f"{DRIFTS[cell.quality.drift]}. {cell.quality.drift_sentence}")
    found += [note for note in cell.notes if not note.startswith("Stale")]
    if cell.trust is None:
        found.append("Not checked: the run predates trust badges.")
    return tuple(dict.fromkeys(found))


def _shown(cell: rest.Cell, metric: str) -> tuple[BadgeKind, str]:
    marks = {mark.verdict for mark in cell.marks if mark.metric == metric and mark.among == "family"}
    doubts = _doubts(cell, sentences=False)
    gate = cell.quality.gate if cell.quality else None
    if cell.state == "stale":
        return "stale", "stale"
    if gate == "fails":
        return "gate-bad", "✕ fails gate"
    if doubts:
        return "doubt", f"! {doubts[0]}{f' +{len(doubts) - 1}' if len(doubts) > 1 else ''}"
    if any(note.startswith(KNOWN_TRAP) for note in cell.notes):
        return "doubt", "! known trap"
    if cell.quality is not None and cell.quality.drift in DRIFTS:
        return "doubt", DRIFTS[cell.quality.drift]
    if "best" in marks:
        return "best", "▲ best"
    if "not_shown_to_differ" in marks:
        return "same", "≈ tie"
    if gate == "undecided":
        return "gate-open", "? gate"
    return ("unchecked", "not checked") if cell.trust is None else ("clean", "✓")


def _doubts(cell: rest.Cell, *, sentences: bool) -> list[str]:
    """What was found in the run, without what its whole row says."""
    marks = [mark for mark in (cell.trust.marks if cell.trust else ()) if mark.cause not in OF_THE_ROW]
    if not sentences:
        return list(dict.fromkeys(trust.named(mark.cause) for mark in marks))
    return [figures.clean(f"{trust.named(mark.cause)}: {mark.reason}") for mark in marks]
