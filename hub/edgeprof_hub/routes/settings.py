"""The page of the hub's settings: what it was started with, and the groups of devices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from edgeprof import __version__
from edgeprof.wire import rest, topics
from edgeprof_hub.hub import Hub
from edgeprof_hub.notices import shown
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True)
class SettingsPage:
    """`labels`: of the devices, by id."""

    facts: Sequence[tuple[str, str]]
    groups: Sequence[rest.DeviceGroup]
    labels: Mapping[str, str]
    can_sign_out: bool


@router.get("/settings")
def settings(hub: HubOf) -> HTMLResponse:
    """The page."""
    labels = {device.device_id: device.label for device in hub.reader.devices()}
    return page(
        "settings.html",
        page=SettingsPage(facts(hub), hub.reader.groups(), labels, hub.settings.token is not None),
        here="settings",
    )


def facts(hub: Hub) -> list[tuple[str, str]]:
    """Name and text of each setting."""
    asked = hub.settings
    guard = "a shared token" if asked.token else "none; it answers to this machine's own names only"
    return [
        ("Version", __version__),
        ("Hub id", hub.hub_id),
        ("Data folder", str(asked.data)),
        ("Listens on", f"{asked.host}:{asked.port}"),
        ("Guard", guard),
        ("Broker", f"{hub.broker_title}, {hub.endpoint.host}:{hub.endpoint.port}"),
        ("Site", asked.site),
        ("Notices by MQTT", topics.notices(asked.site)),
        ("Webhooks", ", ".join(map(shown, asked.webhooks)) or "none (edgeprof hub serve --webhook URL)"),
        *((f"Last notice to {item.url}", item.problem or "was taken") for item in hub.notices.deliveries()),
    ]
