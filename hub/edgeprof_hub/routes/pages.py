"""The pages: server-rendered, useful without JavaScript. What changes something is a plain form, in `forms.py`."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from markupsafe import Markup

from edgeprof import tables
from edgeprof.tables.headline import kind_of
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof.wire.tasks import TASKS
from edgeprof_hub.campaigns import actions
from edgeprof_hub.context import HubContext
from edgeprof_hub.cost import fleet_scenario
from edgeprof_hub.cost.past_prices import prices_asked
from edgeprof_hub.cost.price_moment import Prices, hub_prices
from edgeprof_hub.failures import not_found
from edgeprof_hub.fit.beside import predicted_memory
from edgeprof_hub.fit.notes import fit_notes
from edgeprof_hub.matrix import pareto, table, window
from edgeprof_hub.matrix.window import MatrixQuery
from edgeprof_hub.prediction.cells import predicted_cells, predicted_set_ups
from edgeprof_hub.quality import of_run
from edgeprof_hub.readiness.integrating import integration_of
from edgeprof_hub.rollout.going_back import flashed_families
from edgeprof_hub.routes import (
    add_device,
    audit_page,
    capability,
    cell_history,
    cost_page,
    families_page,
    fleet_page,
    forms,
    integration,
    jobs_page,
    people_admin,
    people_page,
    predictions_page,
    ready,
    rollouts_page,
    sets_page,
    settings,
    side_by_side,
)
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, answer, page, text_of
from edgeprof_hub.store.base import ReadStore
from edgeprof_hub.store.reader import SqliteReader
from edgeprof_hub.views import comparison, detail, evidence, lead_lines, operators_page, recent_runs, samples
from edgeprof_hub.views.cell_figures import CHOICES
from edgeprof_hub.views.run_quality import run_quality

NEWEST_RUNS = 50
RUNS_BEFORE = 20
"""Of each board that a device replaced."""
MAX_PAST_RUNS = 10
"""Runs of one cell that an answer's belief rests on."""
MAX_LIST_CHARS = 4000
"""Characters of an address: a hundred keys."""

MEDIA = {"csv": "text/csv; charset=utf-8", "md": "text/markdown; charset=utf-8", "json": "application/json"}
STATIC = Path(__file__).resolve().parent.parent / "static"

router = APIRouter(include_in_schema=False, route_class=PageRoute)
router.include_router(add_device.router)
router.include_router(forms.router)
router.include_router(audit_page.router)
router.include_router(capability.router)
router.include_router(cell_history.router)
router.include_router(cost_page.router)
router.include_router(families_page.router)
router.include_router(fleet_page.router)
router.include_router(integration.router)
router.include_router(jobs_page.router)
router.include_router(people_admin.router)
router.include_router(people_page.router)
router.include_router(predictions_page.router)
router.include_router(ready.router)
router.include_router(rollouts_page.router)
router.include_router(sets_page.router)
router.include_router(settings.router)
router.include_router(side_by_side.router)


def _query(
    metric: str = window.HEADLINE,
    device: str = "",
    model: str = "",
    d: str = "1",
    c: str = "1",
    sort: str = "",
    family: str = "",
    colour: str = "",
    x: str = "",
    against: str = "",
    hide: str = "",
    pin: str = "",
    columns: Annotated[list[str] | None, Query()] = None,
    group: str = "",
    task: str = "",
    ran: str = "",
    cards: str = "",
) -> MatrixQuery:
    """From the address. What is no number is the first page: a mistyped link still shows something."""
    return MatrixQuery(
        metric=metric,
        device=device[: window.MAX_SEARCH_CHARS],
        model=model[: window.MAX_SEARCH_CHARS],
        d=_number(d),
        c=_number(c),
        sort=sort[:40],
        family=family[: window.MAX_SEARCH_CHARS],
        colour=colour if colour in comparison.COLOURS else "",
        x=x if x in pareto.AXES else "",
        against=against if against in pareto.AXES else "",
        columns=",".join(word for text in columns or () for word in text.split(",") if word in CHOICES)[
            :MAX_LIST_CHARS
        ],
        group=group[: window.MAX_SEARCH_CHARS],
        task=task if task in TASKS else "",
        ran="1" if ran == "1" else "",
        cards="all" if cards == "all" else "",
        hide=hide[:MAX_LIST_CHARS],
        pin=pin[:MAX_LIST_CHARS],
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 1


QueryOf = Annotated[MatrixQuery, Depends(_query)]


@router.get("/")
def home(hub: HubOf, request: Request, query: QueryOf) -> HTMLResponse:
    """The comparison."""
    return _matrix_page(hub, request, query, "comparison.html")


@router.get("/matrix")
def matrix(hub: HubOf, request: Request, query: QueryOf) -> HTMLResponse:
    """The comparison's live part alone."""
    return _matrix_page(hub, request, query, "_comparison.html")


@router.post("/cells/run-shown")
def run_shown(hub: HubOf, request: Request, query: QueryOf) -> RedirectResponse:
    """Run every cell of this view that nobody has run and that its device could."""
    shown = _comparison(hub, request, query)
    keys = [text.split("/") for row in shown.rows for text in row.runnable]
    campaign = actions.run_cells(hub, [(key[0], key[1], key[2]) for key in keys])
    return RedirectResponse(f"/campaigns/{campaign.campaign_id}", 303)


def _sorted(store: ReadStore, axes: table.MatrixAxes, query: MatrixQuery) -> table.MatrixAxes:
    """The devices by the figure that the page shows large of one column, where the query asks for it."""
    column = window.sorted_by(axes, query)
    if column is None:
        return axes
    metric = comparison.lead_metric(query.metric, kind_of(column.format))
    values = {
        row.device_id: figure.value
        for row in store.standings([table.key_of(column)])
        if row.is_of_newest_job
        and (figure := row.standing.figures.get(metric)) is not None
        and math.isfinite(figure.value)
    }
    lower = METRICS[metric].better != "higher"
    return replace(axes, devices=tuple(window.best_first(axes.devices, values, lower)))


@router.get("/report")
def report(
    hub: HubOf,
    request: Request,
    query: QueryOf,
    kind: Annotated[Literal["html", "csv", "md", "json"], Query(alias="as")] = "html",
    catalogue: str = "",
    as_of: str = "",
) -> Response:
    """The part of the comparison that the address names as one file; the HTML needs neither script nor network.

    `catalogue`, `as_of`: its costs with the prices of then.
    """
    made = _comparison(hub, request, query, prices_asked(hub.reader, catalogue, as_of, time.time()))
    if kind != "html":
        headers = {"content-disposition": f'attachment; filename="edgeprof.{kind}"', "cache-control": "no-store"}
        return Response(tables.render(made.table, kind), media_type=MEDIA[kind], headers=headers)
    base = f"{str(request.base_url).rstrip('/')}/"
    sheets = (STATIC / name for name in ("edgeprof.css", "home.css"))
    css = Markup("\n".join(sheet.read_text() for sheet in sheets))  # our own, which hold nothing that a person typed
    text = text_of("report.html", page=made, base=base, css=css, is_report=True)
    headers = {"content-disposition": 'attachment; filename="edgeprof-report.html"', "cache-control": "no-store"}
    return Response(text, media_type="text/html; charset=utf-8", headers=headers)


def _matrix_page(hub: HubContext, request: Request, query: MatrixQuery, template: str) -> HTMLResponse:
    version = hub.reader.version()
    key = (template, str(request.base_url), query)

    def make() -> str:
        return text_of(template, page=_comparison(hub, request, query), here="comparison")

    return answer(hub.pages.page(version, key, make))


def _comparison(
    hub: HubContext, request: Request, query: MatrixQuery, prices: Prices | None = None
) -> comparison.Comparison:
    store, now_s = hub.reader, time.time()
    metric = comparison.shown_metric(query.metric)
    axes = _sorted(store, table.axes(store), replace(query, metric=metric))
    groups = store.groups()
    found = window.window(axes, replace(query, metric=metric), _allowed(store, query, groups))
    ranked = comparison.ranked_metrics(metric)
    shows_all = len(found.devices) == len(axes.devices)
    part = table.part_of(store, axes, found.devices, found.columns, now_s, ranked, prices, across_devices=shows_all)
    run = {column.model_id for column in axes.columns}
    idle = [model for model in axes.models.values() if model.model_id not in run]
    token = " --token-file FILE" if hub.settings.token else ""
    agent_line = f"edgeprof agent run --hub {str(request.base_url).rstrip('/')}{token}"
    source = comparison.Source(
        past_runs=lambda cells, named: store.history.past_runs(cells, named, MAX_PAST_RUNS),
        predicted=predicted_cells(store),
        predicted_configs=predicted_set_ups(store),
        groups=tuple(one.name for one in groups),
        tasks=tuple(sorted({column.task for column in axes.columns})),
    )
    made = comparison.comparison(part, found, idle, metric, agent_line, source, is_empty=not axes.devices)
    variants = [model for model in axes.models.values() if query.family and model.family == query.family]
    devices = {device.device_id: device for device in axes.devices}
    newest = recent_runs.recent_runs(store.results(limit=recent_runs.MAX_SHOWN), devices, axes.models)
    return replace(made, recent_runs=newest, variants=tuple(variants))


def _allowed(store: SqliteReader, query: MatrixQuery, groups: Sequence[rest.DeviceGroup]) -> window.Allowed:
    """What the chosen group holds, and what has run at all. A group that is gone holds no device."""
    devices: frozenset[str] | None = None
    if query.group:
        devices = frozenset(next((one.device_ids for one in groups if one.name == query.group), ()))
    if not query.ran:
        return window.Allowed(devices)
    ran_on, ran = store.with_results()
    return window.Allowed(ran_on if devices is None else ran_on & devices, ran)


@router.get("/runs/{result_id}/operators")
def operators(hub: HubOf, result_id: str) -> HTMLResponse:
    """Where the time of a run's operators goes."""
    stored = hub.reader.result(result_id)
    shown = operators_page.operators_of(stored.result, hub.artifact) if stored else None
    if stored is None or shown is None:
        raise not_found("operator profile of run", result_id)
    return page("operators.html", page=shown, result=stored.result, bound_words=operators_page.bound_words)


@router.get("/runs/{result_id}")
def run(hub: HubOf, result_id: str) -> HTMLResponse:
    """Everything that was recorded of one run."""
    store = hub.reader
    stored = store.result(result_id)
    if stored is None:
        raise not_found("run", result_id)
    result = stored.result
    series = samples.series_of(result, hub.artifact)
    found = evidence.evidence_of(result, hub.artifact)
    device_of, model_of = store.device(result.device_id), store.model(result.model_id)
    scenario = fleet_scenario.read(store.fleet_scenario())
    prices = hub_prices(store, store.models(), time.time())
    asked = store.evaluations.set(result.config.evaluation_set) if result.config.evaluation_set else None
    others = of_run.evaluations_of(store, result, model_of.family) if model_of and not asked else []
    timed = store.result(others[0].result_id) if others else None
    runs = store.history.run_count((result.device_id, result.model_id, result.config_key))
    evaluated = timed.result if timed else None
    shown = detail.run_page(stored, device_of, model_of, series, found, scenario, prices, asked, runs, evaluated)
    memory = predicted_memory(hub, result, model_of)
    return page(
        "run.html",
        page=shown,
        quality=run_quality(store, result, model_of, shown.cost),
        memory=memory,
        has_operators=operators_page.has_operators,
    )


@router.get("/devices/{device_id}")
def device(hub: HubOf, device_id: str) -> HTMLResponse:
    """One device."""
    store = hub.reader
    found = store.device(device_id)
    if found is None:
        raise not_found("device", device_id)
    axes = replace(table.axes(store), devices=(found,))  # its families alone: other devices need not be read
    ran = {(row.model_id, row.config_key) for row in store.cells(device_ids=[device_id])}
    columns = [column for column in axes.columns if table.key_of(column) in ran]
    cells = table.part_of(store, axes, axes.devices, columns, time.time(), lead_lines.LEADS).shown.cells
    shown = detail.DevicePage(
        found,
        store.results(device_id=device_id, limit=NEWEST_RUNS),
        store.labels.changes("device", device_id),
        lead_lines.of_device(cells, columns),
        lead_lines.failed(cells, columns),
        {model.model_id: model.shown_name for model in axes.models.values()},
        store.device(found.replaced_by) if found.replaced_by else None,
        [
            detail.BoardBefore(before, store.results(device_id=before.device_id, limit=RUNS_BEFORE), until_s)
            for device_id, _, until_s in store.fleet.predecessors(device_id)
            if (before := store.device(device_id)) is not None
        ],
        flashed_families(store.jobs.flashed(device_id), store.models()),
    )
    return page("device.html", page=shown)


@router.get("/models/{model_id}")
def model(hub: HubOf, model_id: str) -> HTMLResponse:
    """One model."""
    store = hub.reader
    found = store.model(model_id)
    if found is None:
        raise not_found("model", model_id)
    axes = table.axes(store)
    devices = {item.device_id: item for item in axes.devices}
    columns = [column for column in axes.columns if column.model_id == model_id]
    cells = table.part_of(store, axes, axes.devices, columns, time.time(), ()).shown.cells
    shown = detail.ModelPage(
        found,
        store.results(model_id=model_id, limit=NEWEST_RUNS),
        devices,
        changes=store.labels.changes("model", model_id),
        leads=lead_lines.of_model(cells, columns, devices),
        failures=lead_lines.failed(cells, columns),
    )
    return page("model.html", page=shown, integration=integration_of(hub, model_id))


@router.get("/flash")
def flash(
    hub: HubOf, model: Annotated[list[str] | None, Query()] = None, device: Annotated[list[str] | None, Query()] = None
) -> HTMLResponse:
    """The form that starts a campaign; the address may name what is ticked."""
    chosen = [*(model or ()), *(device or ())]
    shown = forms.flash_page(hub.reader, chosen=chosen)
    return page("flash.html", page=shown, fits=fit_notes(hub, model or (), shown.devices), here="flash")


@router.get("/campaigns/{campaign_id}")
def campaign(hub: HubOf, campaign_id: str) -> HTMLResponse:
    """One group of jobs."""
    return page("campaign.html", page=_campaign(hub, campaign_id))


@router.get("/campaigns/{campaign_id}/jobs")
def campaign_jobs(hub: HubOf, campaign_id: str) -> HTMLResponse:
    """Its live part alone."""
    return page("_campaign.html", page=_campaign(hub, campaign_id))


def _campaign(hub: HubContext, campaign_id: str) -> detail.CampaignPage:
    return detail.CampaignPage(
        actions.get(hub, campaign_id),
        {item.device_id: item for item in hub.reader.devices(retired=True)},
        {item.model_id: item for item in hub.reader.models()},
        {item.set_id: item.name for item in hub.reader.evaluations.sets()},
    )
