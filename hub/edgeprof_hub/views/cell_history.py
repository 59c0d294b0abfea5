"""The history of one cell: a figure over its runs, with what changed between them and what people noted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgeprof.bisecting.command import search_command
from edgeprof.tables import figures, trust
from edgeprof.tables.headline import HEADLINES, kind_of
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.views.lines import ChartLine, ChartMark, LineChart, PlotPoint
from edgeprof_hub.views.render import utc

OFFERED = (
    *("latency_p50_ms", "latency_p95_ms", "prefill_tokens_per_s", "decode_tokens_per_s", "ttft_ms"),
    *("inter_token_p50_ms", "peak_memory_mib", "energy_per_inference_j", "energy_per_token_j", "load_ms"),
)


@dataclass(frozen=True)
class HistoryRow:
    """One run, and what changed since the run before it. `number`: its place in the chart, from 1, the oldest."""

    number: int
    stored: rest.StoredResult
    figure: str
    interval: str | None
    badge: str
    changed: tuple[str, ...]

    @property
    def result(self) -> m.Result:
        """The run."""
        return self.stored.result


@dataclass(frozen=True)
class CellHistory:
    """All that the page shows. `rows`: newest first. `chart` None: fewer than two runs have the figure."""

    key: rest.CellKey
    device: rest.DeviceRecord
    model: rest.ModelRecord
    metric: str
    choices: tuple[str, ...]
    rows: tuple[HistoryRow, ...]
    chart: LineChart | None
    annotations: tuple[rest.Annotation, ...]
    regressions: tuple[rest.Regression, ...]
    is_cut: bool
    searches: Mapping[str, str]
    """By the id of a regression: the command that finds the version, where the runtime's version changed."""

    @property
    def titles(self) -> dict[str, str]:
        """What each metric here is called."""
        return {name: METRICS[name].title for name in (*self.choices, self.metric)}

    @property
    def address(self) -> str:
        """Of this page."""
        return "/cells/" + "/".join(self.key)


def cell_history(
    device: rest.DeviceRecord,
    model: rest.ModelRecord,
    key: rest.CellKey,
    newest: Sequence[rest.StoredResult],
    annotations: Sequence[rest.Annotation],
    regressions: Sequence[rest.Regression],
    requested: str,
    is_cut: bool,
) -> CellHistory:
    """`newest`: the cell's results, newest first. `requested`: a metric; an unknown one is the headline."""
    there = {row.metric for stored in newest for row in stored.result.metrics}
    choices = tuple(name for name in OFFERED if name in there)
    headline = HEADLINES[kind_of(model.format)][0].metric
    metric = requested if requested in there and requested in METRICS else headline
    oldest = list(reversed(newest))
    rows = [_row(number, oldest, metric) for number in range(1, len(oldest) + 1)]
    return CellHistory(
        key=key,
        device=device,
        model=model,
        metric=metric,
        choices=choices,
        rows=tuple(reversed(rows)),
        chart=_chart(rows, metric, annotations, regressions),
        annotations=tuple(annotations),
        regressions=tuple(regressions),
        is_cut=is_cut,
        searches=_searches(model.manifest.entry, oldest, regressions),
    )


def _searches(file: str, oldest: Sequence[rest.StoredResult], regressions: Sequence[rest.Regression]) -> dict[str, str]:
    """Between the suspect and the last measured run before it."""
    found: dict[str, str] = {}
    for regression in regressions:
        ids = [stored.result.result_id for stored in oldest]
        if regression.state not in ("suspected", "confirmed") or regression.suspect_id not in ids:
            continue
        place = ids.index(regression.suspect_id)
        before = [stored.result.effective for stored in oldest[:place] if stored.result.effective]
        now = oldest[place].result
        if not before or now.effective is None or before[-1].runtime != now.effective.runtime:
            continue
        good, bad = before[-1].runtime_version, now.effective.runtime_version
        command = search_command(now.effective.runtime, file, good, bad, now.config.threads)
        if command is not None:
            found[regression.regression_id] = command
    return found


def _row(number: int, oldest: Sequence[rest.StoredResult], metric: str) -> HistoryRow:
    stored = oldest[number - 1]
    result = stored.result
    row = next((row for row in result.metrics if row.metric == metric), None)
    before = oldest[number - 2].result if number > 1 else None
    failed = f"✕ {result.failure.code}" if result.failure else "not measured"
    return HistoryRow(
        number=number,
        stored=stored,
        figure=f"{figures.figure(row)} {METRICS[metric].unit}" if row else failed,
        interval=figures.interval(row) if row else None,
        badge=", ".join(trust.causes(result.trust)) if result.trust else trust.NOT_CHECKED,
        changed=_changed(before, result) if before else (),
    )


def _changed(before: m.Result, now: m.Result) -> tuple[str, ...]:
    """Versions and settings that differ from those of the run before."""
    facts = {
        "runtime": (_runtime(before), _runtime(now)),
        "agent": (before.agent_version, now.agent_version),
        "governor": (_governor(before), _governor(now)),
        "actual threads": (_threads(before), _threads(now)),
    }
    return tuple(
        f"{name} {was} → {is_now}" for name, (was, is_now) in facts.items() if was and is_now and was != is_now
    )


def _runtime(result: m.Result) -> str:
    return f"{result.effective.runtime} {result.effective.runtime_version}" if result.effective else ""


def _governor(result: m.Result) -> str:
    return (result.before.governor or "") if result.before else ""


def _threads(result: m.Result) -> str:
    return str(result.effective.threads) if result.effective and result.effective.threads else ""


def _chart(
    rows: Sequence[HistoryRow],
    metric: str,
    annotations: Sequence[rest.Annotation],
    regressions: Sequence[rest.Regression],
) -> LineChart | None:
    points = tuple(
        PlotPoint(row.number, found.value, found.ci_low, found.ci_high)
        for row in rows
        for found in row.result.metrics
        if found.metric == metric
    )
    if len(points) < 2:
        return None
    known = METRICS[metric]
    return LineChart(
        title=known.title,
        x="runs in order of arrival",
        unit=known.unit,
        lines=(ChartLine("", points),),
        rules=(*_changes(rows), *_notes(rows, annotations), *_regressions(rows, regressions)),
        dots=True,
    )


def _changes(rows: Sequence[HistoryRow]) -> list[ChartMark]:
    return [ChartMark(row.number - 0.5, row.changed[0]) for row in rows if row.changed]


def _notes(rows: Sequence[HistoryRow], annotations: Sequence[rest.Annotation]) -> list[ChartMark]:
    """A note stands before the first run that came after it."""
    return [
        ChartMark(
            next((row.number for row in rows if row.stored.received_s >= note.at_s), len(rows) + 1) - 0.5, note.text
        )
        for note in annotations
    ]


def _regressions(rows: Sequence[HistoryRow], regressions: Sequence[rest.Regression]) -> list[ChartMark]:
    places = {row.result.result_id: row.number for row in rows}
    return [
        ChartMark(places[found.suspect_id] - 0.5, f"regression, ×{found.ratio:.2f}" if found.ratio else "regression")
        for found in regressions
        if found.state == "confirmed" and found.suspect_id in places
    ]


def when(unix_s: float) -> str:
    """The value of the form's field: minutes, UTC."""
    return utc(unix_s)[:16].replace(" ", "T")
