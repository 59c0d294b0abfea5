"""The page Add a device."""

import time

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from edgeprof_hub.config import is_loopback
from edgeprof_hub.context import HubContext
from edgeprof_hub.joining.installer import script_of
from edgeprof_hub.joining.kinds import kinds
from edgeprof_hub.joining.wheel_index import index_of
from edgeprof_hub.routes.access import host_name
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.views.add_device import AddDevicePage, line_of

router = APIRouter(include_in_schema=False, route_class=PageRoute)

_LOOPBACK_HUB = "This hub answers only its own machine. For other devices, restart it:"
_LOOPBACK_NAME = "You opened this page by a name of this machine. Open it by the hub's network address instead."


@router.get("/add-device")
def add_device(hub: HubOf, request: Request) -> HTMLResponse:
    """The line to paste, for the address by which this page was opened; a button where it takes a secret."""
    return _page(hub, request)


@router.post("/add-device")
def add_device_with_secret(hub: HubOf, request: Request) -> HTMLResponse:
    """The line with a join secret: for one device, for 15 minutes, shown once."""
    if hub.identities is None:
        return _page(hub, request)
    token, expires_s = hub.identities.new_join_token()
    return _page(hub, request, str(token), time.strftime("%H:%M UTC", time.gmtime(expires_s)))


def _page(hub: HubContext, request: Request, token: str = "", expires: str = "") -> HTMLResponse:
    index = index_of(hub.settings.data)
    script = script_of(index.own())
    host = host_name(request.headers.get("host", ""))
    makes_secret = hub.identities is not None
    url = f"https://{_bracketed(host)}:{hub.settings.tls_port}" if makes_secret else str(request.base_url).rstrip("/")
    shown = AddDevicePage(
        line="" if makes_secret and not token else line_of(url, script.sha256, token),
        sha256=script.sha256,
        kinds=kinds(index),
        asks_token=hub.settings.token is not None and not makes_secret,
        makes_secret=makes_secret,
        expires=expires,
        reach=_reach(hub, host),
        restart=_restart(hub) if is_loopback(host) and hub.settings.is_loopback else "",
    )
    return page("add_device.html", page=shown, here="add-device")


def _reach(hub: HubContext, host: str) -> str:
    if not is_loopback(host):
        return ""
    return _LOOPBACK_HUB if hub.settings.is_loopback else _LOOPBACK_NAME


def _restart(hub: HubContext) -> str:
    tls = " --tls" if hub.identities is not None else ""
    token = " --new-token" if hub.settings.token is None else ""
    return f"edgeprof hub serve --host 0.0.0.0{tls}{token}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
