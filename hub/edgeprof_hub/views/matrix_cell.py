"""One cell of the matrix as the page shows it: a figure with its interval, a named failure, a running job, nothing."""

from dataclasses import dataclass
from typing import Literal

from edgeprof.tables import figures, trust
from edgeprof.tables.cost_words import NO_BREAK_EVEN, baseline_text, break_even_text, not_counted
from edgeprof.tables.headline import HEADLINES, Kind
from edgeprof.tables.quality_words import DRIFTS, GATES, MARKS, Mark, quality_text
from edgeprof.tables.view import Notes
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.matrix.distance import shade, shade_of_place

SHORT = {
    "latency_p50_ms": "p50",
    "latency_p95_ms": "p95",
    "latency_p99_ms": "p99",
    "latency_mean_ms": "mean",
    "throughput_per_s": "rate",
    "peak_memory_mib": "memory",
    "energy_per_inference_j": "energy",
    "energy_per_token_j": "energy/tok",
    "decode_tokens_per_s": "decode",
    "prefill_tokens_per_s": "prefill",
    "ttft_ms": "TTFT",
}
QUALITY_NOTE = (
    "Quality on {}, with its 95 % interval. Of this family's sets it has most evaluations. "
    "Variants with as many items answered the same ones."
)
_OF_A_QUOTA = ("latency_mean_ms", "throughput_per_s")
UNIT = {"1,000 inferences": "$ / 1,000"}
NOT_OF_THIS_KIND: dict[Kind, str] = {
    "inference": "This metric exists for language models only.",
    "language": "This metric does not exist for language models.",
}


@dataclass(frozen=True)
class CellFigure:
    """A labelled figure, or the footnote `note` that says why there is none.

    `covers`: the footnote on what it covers. `uncertain`: the one on why it has no interval.
    """

    label: str
    text: str
    unit: str = ""
    interval: str | None = None
    note: int | None = None
    covers: int | None = None
    uncertain: int | None = None


@dataclass(frozen=True)
class Badge:
    """The trust badge of a cell. `causes` have their reasons in `title` and in the footnotes `notes`."""

    state: Literal["clean", "doubt", "unchecked"]
    causes: tuple[str, ...] = ()
    title: str = ""
    notes: tuple[int, ...] = ()


@dataclass(frozen=True)
class QualityLine:
    """Quality beside speed: `text` is the figure, `href` its run. `gate` and `drift`: marks, empty where none."""

    text: str = ""
    href: str = ""
    note: int | None = None
    gate: str = ""
    gate_mark: Mark = "plain"
    gate_title: str = ""
    drift: str = ""
    drift_title: str = ""


@dataclass(frozen=True)
class CellView:
    """What stands in one cell. `signs`: what the legend must explain."""

    state: rest.CellState
    result_id: str | None = None
    lead: CellFigure | None = None
    details: tuple[CellFigure, ...] = ()
    note_numbers: tuple[int, ...] = ()
    failure_code: str = ""
    failure_message: str = ""
    stage: str = ""
    fraction: float | None = None
    job_id: str | None = None
    """Its job at work, or the newest: `/jobs?job=ID` shows it."""
    campaign_id: str | None = None
    ranked: bool = True
    signs: frozenset[str] = frozenset()
    badge: Badge | None = None
    quality: QualityLine | None = None
    distance: float | None = None
    """Ratio to the best of its family on this device, where the page shows it."""
    place: tuple[int, int] | None = None
    """Its place in its family on this device and how many are in it, where the page shows it."""

    @property
    def shade(self) -> str:
        """The class of its ground."""
        if self.place is not None:
            return f"shade-{shade_of_place(*self.place)}"
        return "" if self.distance is None else f"shade-{shade(self.distance)}"


def cell_view(cell: rest.Cell | None, kind: Kind, metric: str, notes: Notes) -> CellView:
    """The view of a cell with `metric` shown large."""
    if cell is None or cell.state == "not_run":
        return CellView("not_run")
    has_figures = bool(cell.metrics) and cell.state != "failed"
    numbers = tuple(_number(notes.ref(note)) for note in cell.notes) if has_figures else ()
    return CellView(
        state=cell.state,
        result_id=cell.result_id,
        lead=_figure(cell, kind, metric, notes) if has_figures else None,
        details=_details(cell, kind, metric, notes) if has_figures else (),
        note_numbers=numbers,
        failure_code=cell.failure_code or "refused",
        failure_message=cell.failure_message or "",
        stage=cell.stage or "",
        fraction=cell.fraction,
        job_id=cell.job_id,
        campaign_id=cell.campaign_id,
        ranked=cell.ranked,
        signs=_signs(cell, metric) if has_figures else frozenset(),
        badge=_badge(cell, notes) if has_figures else None,
        quality=_quality(cell.quality, notes) if has_figures and cell.quality else None,
    )


def _quality(found: rest.CellQuality, notes: Notes) -> QualityLine:
    text, note = "", None
    if found.value is not None:
        text = quality_text(found.metric, found.value, found.ci_low, found.ci_high, found.n)
        shots = f" with {found.shots} examples" if found.shots else ""
        note = _number(notes.ref(QUALITY_NOTE.format(f"{found.set_name or found.set_id[:12]}{shots}")))
    return QualityLine(
        text=text,
        href=f"/runs/{found.result_id}" if found.result_id else "",
        note=note,
        gate=GATES[found.gate] if found.gate else "",
        gate_mark=MARKS[found.gate] if found.gate else "plain",
        gate_title=" ".join(found.gate_sentences),
        drift=DRIFTS.get(found.drift, "") if found.drift else "",
        drift_title=found.drift_sentence,
    )


def _badge(cell: rest.Cell, notes: Notes) -> Badge:
    if cell.trust is None:
        return Badge("unchecked", title="This run predates trust badges.")
    if cell.trust.is_clean:
        return Badge("clean", title="No problem found in this run.")
    reasons = trust.reasons(cell.trust)
    return Badge(
        "doubt", trust.causes(cell.trust), " ".join(reasons), tuple(_number(notes.ref(why)) for why in reasons)
    )


def _signs(cell: rest.Cell, metric: str) -> frozenset[str]:
    signs = {f"{mark.among}_{mark.verdict}" for mark in cell.marks if mark.metric == metric}
    if cell.quality is not None and cell.quality.gate:
        signs.add(f"gate_{cell.quality.gate}")
    if cell.quality is not None and cell.quality.drift in DRIFTS:
        signs.add("drift")
    signs.add("unchecked" if cell.trust is None else "clean" if cell.trust.is_clean else "doubt")
    return frozenset(signs if cell.ranked else {*signs, "emulated"})


def _details(cell: rest.Cell, kind: Kind, metric: str, notes: Notes) -> tuple[CellFigure, ...]:
    metrics = [item.metric for item in HEADLINES[kind] if item.metric != metric]
    if trust.is_held_back_by_quota(cell.trust) and kind == "inference":
        # The median alone looks as if there were no quota: mean and rate stand beside it.
        metrics = [*(name for name in _OF_A_QUOTA if name in cell.metrics and name != metric), *metrics]
    return (*(_figure(cell, kind, name, notes) for name in metrics), *_cost(cell, notes), *_correct(cell))


def _correct(cell: rest.Cell) -> tuple[CellFigure, ...]:
    """Cost over the share of right answers, where both are known."""
    correct = cell.quality.correct if cell.quality else None
    if correct is None or correct.usd_per_1000 is None:
        return ()
    return (CellFigure("$ / 1,000 right", figures.usd(correct.usd_per_1000)),)


def _figure(cell: rest.Cell, kind: Kind, metric: str, notes: Notes) -> CellFigure:
    label = SHORT.get(metric, METRICS[metric].title)
    row = cell.metrics.get(metric)
    if row is None:
        reason = cell.absent.get(metric, NOT_OF_THIS_KIND[kind])
        return CellFigure(label, "not measured" if metric in cell.absent else "n/a", note=_number(notes.ref(reason)))
    text, _, prefixed = figures.figure(row).partition(" ")
    covers, uncertain = (
        None if note is None else _number(notes.ref(note)) for note in (figures.covers(row), figures.uncertain(row))
    )
    unit = prefixed or METRICS[metric].unit
    return CellFigure(label, text, unit, figures.interval(row), covers=covers, uncertain=uncertain)


def _cost(cell: rest.Cell, notes: Notes) -> tuple[CellFigure, ...]:
    cost = cell.cost
    if cost is None:
        reason = cell.cost_absent or "Cost not computed; no reason given."
        return (CellFigure("cost", "not computed", note=_number(notes.ref(reason))),)
    here = CellFigure(
        UNIT.get(cost.unit, f"$ / {cost.unit}"), figures.usd(cost.edge_usd), note=_number(notes.ref(not_counted(cost)))
    )
    if cost.break_even_kind == "is_cloud":
        return (here,)
    cloud_text = "no price" if cost.cloud_usd is None else figures.usd(cost.cloud_usd)
    cloud = CellFigure("cloud", cloud_text, note=_number(notes.ref(baseline_text(cost))))
    volume = break_even_text(cost)
    reason = None if volume else _number(notes.ref(NO_BREAK_EVEN[cost.break_even_kind]))
    return here, cloud, CellFigure("break-even", volume or "none", note=reason)


def _number(ref: str) -> int:
    return int(ref.strip("[]"))
