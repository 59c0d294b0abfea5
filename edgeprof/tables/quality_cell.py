"""Quality of a set-up as one column beside its speed: the figure, the sign of its gate, and what they rest on."""

from collections.abc import Iterable

from edgeprof.tables import figures, quality_words
from edgeprof.wire import rest
from edgeprof.wire.figures import MetricRow
from edgeprof.wire.metrics import METRICS
from edgeprof.wire.quality import CellQuality, VerdictState

HEADER = "quality"
KEY = "quality"
"""Its name among the metrics that a narrow table gives up."""
NOT_EVALUATED = "Not evaluated here. `edgeprof flash MODEL --evaluate SET` measures quality."
SIGNS: dict[VerdictState, str] = {"passes": "✓", "fails": "✕", "undecided": "?", "reference": ""}
_MEANINGS = {
    "✓": "passes its family's gate",
    "✕": "fails it, and is never named best",
    "?": "undecided: the items show neither",
}


def is_shown(cells: Iterable[rest.Cell]) -> bool:
    """Whether any cell has a quality to show."""
    return any(cell.quality is not None for cell in cells)


def figure_text(quality: CellQuality) -> str:
    """`98.8 % ✓`; the sign alone where this device answered no item, `-` where nothing is known.

    >>> figure_text(CellQuality(metric="accuracy_percent", value=98.8, gate="passes"))
    '98.8 % ✓'
    """
    sign = SIGNS[quality.gate] if quality.gate else ""
    if quality.value is None:
        return sign or "-"
    known = METRICS.get(quality.metric)
    shown = figures.figure(MetricRow(metric=quality.metric, value=quality.value, n=quality.n))
    return " ".join(part for part in (shown, known.unit if known else "", sign) if part)


def basis_text(quality: CellQuality) -> str:
    """What the figure is: `Accuracy on digits, 5 shots.`"""
    if quality.value is None:
        return "The gate was judged on another device with the same runtime and architecture."
    known = METRICS.get(quality.metric)
    shots = f", {quality.shots} shots" if quality.shots else ""
    return f"{known.title if known else quality.metric} on {quality.set_name}{shots}."


def below(quality: CellQuality | None, with_figure: bool) -> tuple[str, ...]:
    """Why a gate is not held, and a drift, for the lines under a row. `with_figure`: where it has no column."""
    if quality is None:
        return ()
    figure = [_sentence(quality)] if with_figure and (quality.value is not None or quality.gate) else []
    sign = SIGNS[quality.gate] if quality.gate else ""
    gates = [f"{sign} {text}" for text in quality.gate_sentences] if quality.gate in ("fails", "undecided") else []
    is_drift = quality.drift in quality_words.DRIFTS and bool(quality.drift_sentence)
    return tuple(map(figures.clean, [*figure, *gates, *([f"≠ {quality.drift_sentence}"] if is_drift else [])]))


def _sentence(quality: CellQuality) -> str:
    """`accuracy 98.8 % (97.4–99.4), 500 items on digits, ✓ passes its gate`"""
    gate = quality_words.GATES[quality.gate] if quality.gate else ""
    if quality.value is None:
        return f"quality: {gate}"
    figure = quality_words.quality_text(quality.metric, quality.value, quality.ci_low, quality.ci_high, quality.n)
    return ", ".join(part for part in (f"{figure} on {quality.set_name}", gate) if part)


def legend(cells: Iterable[rest.Cell]) -> tuple[str, ...]:
    """The signs of gates that stand in the table."""
    there = {SIGNS[cell.quality.gate] for cell in cells if cell.quality and cell.quality.gate} - {""}
    if not there:
        return ()
    return (f"quality: {'; '.join(f'{sign} {meaning}' for sign, meaning in _MEANINGS.items() if sign in there)}.",)
