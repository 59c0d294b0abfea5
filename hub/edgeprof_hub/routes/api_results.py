"""Results, the comparison, and the stream of changes."""

import json
import time
from dataclasses import replace
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.campaigns import actions
from edgeprof_hub.cost.past_prices import prices_asked
from edgeprof_hub.exports import bundle, open_metrics, perfetto
from edgeprof_hub.exports import rows as export
from edgeprof_hub.failures import not_found
from edgeprof_hub.matrix import table
from edgeprof_hub.matrix.window import MAX_SEARCH_CHARS, MatrixQuery, matching, window
from edgeprof_hub.registry import admin
from edgeprof_hub.routes.answers import NO_CONTENT, HubOf, Stream, document, encoded
from edgeprof_hub.routes.api_costs import CatalogueHash, Moment
from edgeprof_hub.routes.still_signed_in import still_signed_in
from edgeprof_hub.store.runs import RunFilter
from edgeprof_hub.views import run_lines

router = APIRouter(tags=["results"])

MAX_PAGES = 1_000_000
MAX_ID_CHARS = 200


@router.get("/results", response_model=list[rest.StoredResult])
def get_results(
    hub: HubOf,
    device_id: str | None = None,
    model_id: str | None = None,
    config_key: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    order_by: str | None = None,
    descending: bool = False,
) -> Response:
    """Results, newest first. With `order_by`: results of all cells that have this metric, sorted by its value."""
    if order_by is not None:
        if device_id or model_id or config_key:
            raise UsageError("bad_order", "`order_by` sorts the results of all cells. Remove the filters.")
        if order_by not in METRICS:
            raise UsageError("unknown_metric", f"{order_by[:80]!r} is not a metric.")
        return document(hub.reader.results_by(order_by, descending=descending, limit=limit))
    return document(hub.reader.results(device_id=device_id, model_id=model_id, config_key=config_key, limit=limit))


@router.get("/runs", response_model=list[rest.RunLine])
def get_runs(
    hub: HubOf,
    device_id: Annotated[str, Query(max_length=MAX_ID_CHARS)] = "",
    model_id: Annotated[str, Query(max_length=MAX_ID_CHARS)] = "",
    family: Annotated[str, Query(max_length=MAX_ID_CHARS)] = "",
    state: Annotated[str, Query(max_length=MAX_ID_CHARS)] = "",
    since_s: Annotated[float, Query(ge=0, le=1e12, allow_inf_nan=False)] = 0.0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Results in a line each, newest received first. `state`: measured, failed, or the code of a failure.

    `since_s`: received at this Unix time or later.
    """
    which = RunFilter(device_id=device_id, model_id=model_id, state=state, since_s=since_s)
    return document(run_lines.newest(hub.reader, which, family, limit))


@router.get("/runs/{result_id}", response_model=rest.RunLine)
def get_run(hub: HubOf, result_id: str) -> Response:
    """The headline of one result: its figures, its badge, and what ran."""
    stored = hub.reader.result(result_id)
    if stored is None:
        raise not_found("result", result_id)
    return document(run_lines.headline(hub.reader, stored))


@router.get("/results/{result_id}", response_model=rest.StoredResult)
def get_result(hub: HubOf, result_id: str) -> Response:
    """One result with all its records."""
    stored = hub.reader.result(result_id)
    if stored is None:
        raise not_found("result", result_id)
    return document(stored)


@router.get("/results/{result_id}/bundle", response_class=StreamingResponse)
def get_bundle(hub: HubOf, result_id: str) -> StreamingResponse:
    """The run and its model as one file, for `edgeprof reproduce` on another machine."""
    stored = hub.reader.result(result_id)
    if stored is None:
        raise not_found("result", result_id)
    model = bundle.check(hub, stored)
    headers = {"content-disposition": f'attachment; filename="edgeprof-{result_id}.zip"'}
    return StreamingResponse(bundle.pieces(hub, stored, model), media_type="application/zip", headers=headers)


@router.get("/results/{result_id}/perfetto", response_class=Response)
def get_perfetto(hub: HubOf, result_id: str) -> Response:
    """The run's traces and samples in the Trace Event Format, for ui.perfetto.dev."""
    stored = hub.reader.result(result_id)
    if stored is None:
        raise not_found("result", result_id)
    made = perfetto.trace(stored.result, hub.artifact, f"edgeprof {stored.result.model_name}")
    headers = {"content-disposition": f'attachment; filename="edgeprof-{result_id}.trace.json"'}
    # Perfetto 52 shows \u00b0 in a counter's name as it is written.
    return Response(json.dumps(made, ensure_ascii=False), media_type="application/json", headers=headers)


@router.delete("/results/{result_id}", status_code=NO_CONTENT)
def delete_result(hub: HubOf, result_id: str) -> None:
    """Delete one result; its cell then shows its previous one."""
    admin.delete_result(hub, result_id)


@router.post("/results/{result_id}/again", response_model=rest.Campaign)
def repeat_result(hub: HubOf, result_id: str) -> Response:
    """Repeat a run: the same device, model, configuration and protocol."""
    return document(actions.repeat(hub, result_id))


@router.get("/export", response_class=StreamingResponse)
def get_export(
    hub: HubOf,
    format: export.Format = "ndjson",
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> StreamingResponse:
    """Every result in order of arrival, one line per metric. `after`: only results after this `seq`.

    Damaged results are left out. Then the answer is cut off after the last line, and `healthz` says why.
    """
    headers = {
        "x-edgeprof-last-seq": str(hub.reader.last_seq()),
        "content-disposition": f'attachment; filename="edgeprof-results.{format}"',
    }
    pieces = export.text(hub.reader, format, after)
    return Stream(hub, pieces, media_type=export.MEDIA[format], headers=headers)


@router.get("/metrics", response_class=Response)
def get_metrics(hub: HubOf) -> Response:
    """The hub's state and its newest metrics in the OpenMetrics text format."""
    return Response(open_metrics.text(hub), media_type=open_metrics.MEDIA_TYPE, headers={"cache-control": "no-store"})


@router.get("/compare", response_model=rest.CompareTable)
def get_compare(
    hub: HubOf,
    device: Annotated[str, Query(max_length=MAX_SEARCH_CHARS)] = "",
    model: Annotated[str, Query(max_length=MAX_SEARCH_CHARS)] = "",
    d: Annotated[int | None, Query(ge=1, le=MAX_PAGES)] = None,
    c: Annotated[int | None, Query(ge=1, le=MAX_PAGES)] = None,
    catalogue: CatalogueHash = "",
    as_of: Moment = "",
) -> Response:
    """The devices × models table. `catalogue`, `as_of`: compute costs with the prices of that time.

    `device`, `model`: words to search for. `d`, `c`: the page of devices and of columns; without
    them, all matches. Marks compare each metric with every competing cell, shown or not.
    """
    version = hub.reader.version()

    def make() -> bytes:
        axes = table.axes(hub.reader)
        query = MatrixQuery(device=device, model=model, d=d or 1, c=c or 1)
        devices, columns = matching(axes, query)
        page = window(axes, query)
        now_s = time.time()
        prices = prices_asked(hub.reader, catalogue, as_of, now_s)
        rows, shown = page.devices if d else devices, page.columns if c else columns
        part = table.part_of(hub.reader, axes, rows, shown, now_s, prices=prices)
        return msgspec.json.encode(replace(part.shown, of_devices=len(devices), of_columns=len(columns)))

    return encoded(hub.pages.page(version, ("compare", device, model, d, c, catalogue, as_of), make))


@router.get("/events", response_class=StreamingResponse)
async def get_events(hub: HubOf, request: Request) -> StreamingResponse:
    """Server-sent events: `changed`, with the kind and id of the changed item."""
    if not hub.events.has_room():
        raise EdgeprofError("too_many_listeners", "Too many open pages follow this hub. Close some.")
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(
        hub.events.stream(still_signed_in(request)), media_type="text/event-stream", headers=headers
    )
