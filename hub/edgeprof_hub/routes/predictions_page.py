"""The page of predictions and of how they came out."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from edgeprof_hub.prediction.cells import latest_predictions
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.views.predictions_page import predictions_page

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@router.get("/predictions")
def predictions(hub: HubOf) -> HTMLResponse:
    """The page; of a large fleet's first predictions, that they are being made."""
    made = latest_predictions(hub.reader)
    if made is None:
        return page("predictions.html", page=None)
    shown = predictions_page(made, hub.reader.predictions.recorded(), hub.reader.models(), hub.reader.devices())
    return page("predictions.html", page=shown)
