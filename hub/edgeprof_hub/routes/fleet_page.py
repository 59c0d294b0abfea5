"""The page of the fleet, live, and the forms that change many devices at once, retire one or replace it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.wire import fleet as wire
from edgeprof_hub.context import HubContext
from edgeprof_hub.fleet import acts, listing, retiring
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.views import fleet_page

MAX_WORD_CHARS = 200
MAX_PAGE = 100_000
DONE: dict[str, str] = {
    "tag": "{} tagged.",
    "untag": "{} changed.",
    "group": "{} added to the group.",
    "cancel": "{} cancelled.",
    "retry": "{} queued again.",
    "retire": "{} retired.",
    "restore": "{} restored.",
    "upgrade": "{} will be upgraded.",
}

_STATES: dict[str, wire.FleetState] = {one: one for one in wire.STATES}
_SORTS: dict[str, wire.FleetSort] = {one: one for one in wire.SORTS}
_ACTS: dict[str, wire.FleetAct] = {one: one for one in wire.ACTS}

router = APIRouter(include_in_schema=False, route_class=PageRoute)
Text = Annotated[str, Form()]


def _query(
    state: str = "",
    search: str = "",
    group: str = "",
    tag: str = "",
    sort: str = "",
    descending: str = "",
) -> wire.FleetQuery:
    """From the address. An unknown word is the usual one: a mistyped link still shows something."""
    return wire.FleetQuery(
        state=_STATES.get(state, "all"),
        search=search[:MAX_WORD_CHARS],
        group=group[:MAX_WORD_CHARS],
        tag=tag[:MAX_WORD_CHARS],
        sort=_SORTS.get(sort, "name"),
        descending=descending == "1",
    )


def _back(
    state: Text = "", search: Text = "", group: Text = "", tag: Text = "", sort: Text = "", descending: Text = ""
) -> wire.FleetQuery:
    """The page that a form was on."""
    return _query(state, search, group, tag, sort, descending)


QueryOf = Annotated[wire.FleetQuery, Depends(_query)]
BackOf = Annotated[wire.FleetQuery, Depends(_back)]


def _number(text: str) -> int:
    return max(1, min(int(text), MAX_PAGE)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


@router.get("/fleet")
def fleet(hub: HubOf, query: QueryOf, page: str = "1", done: str = "", changed: str = "") -> HTMLResponse:
    """Every device and how it fares."""
    return _page(hub, query, "fleet.html", _number(page), done=_done(done, changed))


@router.get("/fleet/live")
def fleet_live(hub: HubOf, query: QueryOf, page: str = "1") -> HTMLResponse:
    """The live part of the page alone."""
    return _page(hub, query, "_fleet.html", _number(page))


@router.post("/fleet/act", response_model=None)
def act(
    hub: HubOf,
    back: BackOf,
    act: Text = "",
    value: Text = "",
    every: Text = "",
    page: Text = "1",
    device: Annotated[list[str] | None, Form()] = None,
) -> HTMLResponse | RedirectResponse:
    """Change the selected devices, or with `every` all that match. An error stands above the table."""
    chosen = _ACTS.get(act)
    try:
        if chosen is None:
            raise UsageError("nothing_selected", "Select an action.")
        ids = () if every else tuple(device or ())
        changed = acts.act(
            hub, wire.FleetChange(act=chosen, device_ids=ids, query=back if every else None, value=value)
        )
    except EdgeprofError as error:
        return _page(hub, back, "fleet.html", _number(page), 400, problem=error.message)
    return RedirectResponse(fleet_page.href(back, _number(page), done=chosen, changed=str(changed)), 303)


@router.post("/devices/{device_id}/retire")
def retire(hub: HubOf, device_id: str) -> RedirectResponse:
    """Retire one device."""
    retiring.retire(hub, [device_id])
    return RedirectResponse(f"/devices/{device_id}", 303)


@router.post("/devices/{device_id}/restore")
def restore(hub: HubOf, device_id: str) -> RedirectResponse:
    """Bring one device back."""
    retiring.restore(hub, [device_id])
    return RedirectResponse(f"/devices/{device_id}", 303)


@router.post("/devices/{device_id}/replace")
def replace(hub: HubOf, device_id: str, successor: Text = "") -> RedirectResponse:
    """Put another board, by name or id, in its place; the next page is that board's."""
    new = retiring.named(hub, successor.strip())
    retiring.replace(hub, device_id, new.device_id)
    return RedirectResponse(f"/devices/{new.device_id}", 303)


def _page(
    hub: HubContext,
    query: wire.FleetQuery,
    template: str,
    number: int,
    status: int = 200,
    problem: str = "",
    done: str = "",
) -> HTMLResponse:
    found = listing.listed(hub, query, listing.A_PAGE, (number - 1) * listing.A_PAGE)
    groups = [group.name for group in hub.reader.groups()]
    shown = fleet_page.view(query, found, groups, number, listing.A_PAGE, problem, done)
    return page(template, status, page=shown, here="fleet")


def _done(act: str, changed: str) -> str:
    if act not in DONE or not changed.isascii() or not changed.isdigit() or len(changed) > 7:
        return ""
    thing = "job" if act in ("cancel", "retry") else "device"
    return DONE[act].format(f"{int(changed):,} {thing}{'' if changed == '1' else 's'}")
