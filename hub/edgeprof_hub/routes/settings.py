"""The page of the hub's settings: what it was started with, and the groups of devices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool

from edgeprof.errors import UsageError
from edgeprof.version import __version__
from edgeprof.wire import rest, topics
from edgeprof_hub.context import HubContext
from edgeprof_hub.cost import fleet_scenario
from edgeprof_hub.notices import shown
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.store import scenarios

router = APIRouter(include_in_schema=False, route_class=PageRoute)


@dataclass(frozen=True)
class SettingsPage:
    """`labels`: of the devices, by id."""

    facts: Sequence[tuple[str, str]]
    groups: Sequence[rest.DeviceGroup]
    labels: Mapping[str, str]
    scenario: Mapping[str, str]
    fields: Sequence[fleet_scenario.Asked] = fleet_scenario.ASKED
    is_own_scenario: bool = False
    problem: str = ""


@router.get("/settings")
def settings(hub: HubOf) -> HTMLResponse:
    """The page."""
    return _page(hub)


@router.post("/settings/scenario", response_model=None)
async def set_scenario(hub: HubOf, request: Request) -> HTMLResponse | RedirectResponse:
    """Set the cost scenario of all cells; `usual`: restore the default."""
    form = {key: str(value) for key, value in (await request.form()).items()}
    try:
        stored = None if form.get("usual") else fleet_scenario.checked(form)
    except UsageError as error:
        return _page(hub, form, error.message)
    await run_in_threadpool(
        hub.writer.call, lambda store: store.change(lambda connection: scenarios.set_fleet(connection, stored))
    )
    return RedirectResponse("/settings#scenario-h", 303)


def _page(hub: HubContext, form: Mapping[str, str] | None = None, problem: str = "") -> HTMLResponse:
    labels = {device.device_id: device.label for device in hub.reader.devices(retired=True)}
    scenario = fleet_scenario.read(hub.reader.fleet_scenario())
    shown = SettingsPage(
        facts=facts(hub),
        groups=hub.reader.groups(),
        labels=labels,
        scenario={**fleet_scenario.written(scenario), **(form or {})},
        is_own_scenario=scenario.is_entered,
        problem=problem,
    )
    return page("settings.html", 400 if problem else 200, page=shown, here="settings")


def facts(hub: HubContext) -> list[tuple[str, str]]:
    """Name and text of each setting."""
    settings = hub.settings
    guard = _guard(hub)
    return [
        ("Version", __version__),
        ("Hub id", hub.hub_id),
        ("Data folder", str(settings.data)),
        ("Listens on", f"{settings.host}:{settings.port}"),
        ("Access control", guard),
        ("Broker", f"{hub.broker_title}, {hub.endpoint.host}:{hub.endpoint.port}"),
        ("Site", settings.site),
        ("MQTT notices", topics.notices(settings.site)),
        ("Webhooks", ", ".join(map(shown, settings.webhooks)) or "none (edgeprof hub serve --webhook URL)"),
        ("E-mail", settings.email.shown if settings.email else "none (edgeprof hub serve --email FILE)"),
        ("Offline notice", f"after {settings.offline_after_h:g} h offline"),
        *((f"Last notice to {item.to}", item.problem or "delivered") for item in hub.notices.deliveries()),
    ]


def _guard(hub: HubContext) -> str:
    count = len(hub.reader.people.accounts())
    people = f"{count} account{'' if count == 1 else 's'}" if count else ""
    token = "shared token" if hub.settings.token else ""
    return " and ".join(filter(None, (people, token))) or "none; the hub answers to this machine's own names only"
