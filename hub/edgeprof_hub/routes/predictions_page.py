"""The page of predictions and of how they came out."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from edgeprof_hub.prediction.cells import current_predictions
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.views.predictions_page import predictions_page

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/predictions")
def predictions(hub: HubOf) -> HTMLResponse:
    """The page."""
    made = current_predictions(hub.reader)
    shown = predictions_page(made, hub.reader.predictions.recorded(), hub.reader.models(), hub.reader.devices())
    return page("predictions.html", page=shown)
