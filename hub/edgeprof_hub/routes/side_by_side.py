"""The page that compares runs side by side."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from edgeprof.errors import UsageError
from edgeprof_hub.context import HubContext
from edgeprof_hub.failures import not_found
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.views import side_by_side as views

MAX_RUNS = 10
"""The newest of a cell that a verdict rests on; a run may bring 100,000 samples with it."""

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/side-by-side")
def side_by_side(hub: HubOf, run: Annotated[tuple[str, ...], Query()] = ()) -> HTMLResponse:
    """Two to six runs; the first one is the baseline."""
    selected = views.check_count(run)
    sides = [_side(hub, letter, result_id) for letter, result_id in zip(views.LETTERS, selected, strict=False)]
    return page("side_by_side.html", page=views.side_by_side(sides, hub.artifact))


def _side(hub: HubContext, letter: str, result_id: str) -> views.Side:
    stored = hub.reader.result(result_id)
    if stored is None:
        raise not_found("run", result_id)
    result = stored.result
    if result.config.evaluation_set:
        raise UsageError("evaluation_run", f"Run {letter} is an evaluation. Select runs that measured speed.")
    others = hub.reader.results(
        device_id=result.device_id, model_id=result.model_id, config_key=result.config_key, limit=MAX_RUNS
    )
    device, model = hub.reader.device(stored.result.device_id), hub.reader.model(stored.result.model_id)
    return views.side(letter, stored, others, device, model, hub.artifact)
