"""The page Add a device."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from edgeprof_hub.config import is_loopback
from edgeprof_hub.joining.installer import script_of
from edgeprof_hub.joining.kinds import kinds
from edgeprof_hub.joining.wheel_index import index_of
from edgeprof_hub.routes.access import host_name
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.views.add_device import AddDevicePage, line_of

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_LOOPBACK_HUB = (
    "This hub answers only its own machine. For other devices, restart it: "
    "edgeprof hub serve --host 0.0.0.0 --new-token"
)
_LOOPBACK_NAME = "You opened this page by a name of this machine. Open it by the hub's network address instead."


@router.get("/add-device")
def add_device(hub: HubOf, request: Request) -> HTMLResponse:
    """The line to paste, for the address by which this page was opened."""
    index = index_of(hub.settings.data)
    script = script_of(index.own())
    reach = ""
    if is_loopback(host_name(request.headers.get("host", ""))):
        reach = _LOOPBACK_HUB if hub.settings.is_loopback else _LOOPBACK_NAME
    shown = AddDevicePage(
        line=line_of(str(request.base_url).rstrip("/"), script.sha256),
        sha256=script.sha256,
        kinds=kinds(index),
        asks_token=hub.settings.token is not None,
        reach=reach,
    )
    return page("add_device.html", page=shown, here="add-device")
