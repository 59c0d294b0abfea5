"""One cell of the matrix as the page shows it: one figure, one bar, one badge; the rest is in the open cell."""

from dataclasses import dataclass

from markupsafe import Markup

from edgeprof.prediction.predicted import Predicted
from edgeprof.tables import figures
from edgeprof.tables.headline import Kind
from edgeprof.tables.quality_words import DRIFTS
from edgeprof.tables.view import Notes
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.matrix.distance import shade, shade_of_place
from edgeprof_hub.views import cell_badge, cell_figures
from edgeprof_hub.views.cell_badge import OF_THE_ROW, Badge
from edgeprof_hub.views.cell_figures import CellFigure, details_html
from edgeprof_hub.views.interval_bar import Bar, plus_minus


@dataclass(frozen=True)
class PredictedView:
    """A figure that nobody measured: `text` with its range, and what it rests on."""

    text: str
    unit: str
    range: str
    basis: str


@dataclass(frozen=True)
class CellView:
    """What stands in one cell. `signs`: what the legend must explain. `noted`: footnotes of the figures shown."""

    state: rest.CellState
    result_id: str | None = None
    lead: CellFigure | None = None
    plus_minus: str = ""
    bar: Bar | None = None
    chosen: tuple[CellFigure, ...] = ()
    details: tuple[CellFigure, ...] = ()
    notes: tuple[int | None, ...] = ()
    """The footnote of the large figure, then of each chosen one."""
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
    predicted: PredictedView | None = None
    distance: float | None = None
    """Ratio to the best of its family on this device, where the page shows it."""
    place: tuple[int, int] | None = None
    """Its place in its family on this device and how many are in it, where the page shows it."""

    @property
    def details_html(self) -> Markup:
        """The figures of the open cell."""
        return details_html(self.details)

    @property
    def shade(self) -> str:
        """The class of its ground."""
        if self.place is not None:
            return f"shade-{shade_of_place(*self.place)}"
        return "" if self.distance is None else f"shade-{shade(self.distance)}"


@dataclass(frozen=True)
class Drawn:
    """What a cell's place among others adds to it."""

    bar: Bar | None = None
    distance: float | None = None
    place: tuple[int, int] | None = None


NOT_DRAWN = Drawn()


def cell_view(
    cell: rest.Cell | None,
    kind: Kind,
    metric: str,
    notes: Notes,
    columns: tuple[str, ...] = (),
    predicted: Predicted | None = None,
    drawn: Drawn = NOT_DRAWN,
) -> CellView:
    """The view of a cell with `metric` shown large, and the figures of these `columns` under it.

    `predicted` is shown where nobody has run the cell, and only for the metric that is shown large.
    """
    if cell is None or cell.state == "not_run":
        return CellView("not_run", predicted=_predicted(predicted, metric))
    if cell.metrics and cell.state != "failed":
        return _with_figures(cell, kind, metric, notes, columns, drawn)
    return CellView(
        state=cell.state,
        result_id=cell.result_id,
        failure_code=cell.failure_code or "refused",
        failure_message=cell.failure_message or "",
        stage=cell.stage or "",
        fraction=cell.fraction,
        job_id=cell.job_id,
        campaign_id=cell.campaign_id,
        ranked=cell.ranked,
    )


def _with_figures(
    cell: rest.Cell, kind: Kind, metric: str, notes: Notes, columns: tuple[str, ...], drawn: Drawn
) -> CellView:
    """Made in one go: a page has hundreds."""
    lead = cell_figures.lead(cell, kind, metric)
    chosen = cell_figures.chosen(cell, kind, columns, metric) if columns else ()
    row = cell.metrics.get(metric)
    return CellView(
        state=cell.state,
        result_id=cell.result_id,
        lead=lead,
        plus_minus=plus_minus(row) if row is not None else "",
        bar=drawn.bar,
        chosen=chosen,
        details=cell_figures.details(cell, kind, metric),
        notes=tuple(_number(notes.ref(one.why)) if one.why else None for one in (lead, *chosen)),
        stage=cell.stage or "",
        fraction=cell.fraction,
        job_id=cell.job_id,
        campaign_id=cell.campaign_id,
        ranked=cell.ranked,
        signs=_signs(cell, metric),
        badge=cell_badge.badge_of(cell, metric),
        distance=drawn.distance,
        place=drawn.place,
    )


def _predicted(found: Predicted | None, metric: str) -> PredictedView | None:
    if found is None or found.metric != metric:
        return None
    places = figures.decimals(found.value)
    span = f"{figures.number(found.low, places)}–{figures.number(found.high, places)}"
    return PredictedView(figures.number(found.value), METRICS[metric].unit, span, figures.clean(found.basis))


def _signs(cell: rest.Cell, metric: str) -> frozenset[str]:
    signs = {f"{mark.among}_{mark.verdict}" for mark in cell.marks if mark.metric == metric}
    if cell.quality is not None and cell.quality.gate:
        signs.add(f"gate_{cell.quality.gate}")
    if cell.quality is not None and cell.quality.drift in DRIFTS:
        signs.add("drift")
    found = {mark.cause for mark in cell.trust.marks} - OF_THE_ROW if cell.trust else set[str]()
    signs.add("unchecked" if cell.trust is None else "doubt" if found else "clean")
    return frozenset(signs if cell.ranked else {*signs, "emulated"})


def _number(ref: str) -> int:
    return int(ref.strip("[]"))
