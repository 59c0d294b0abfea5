"""What an admin changes of people: accounts, API tokens, other people's sessions. `rights.py` keeps others out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_hub.people import changing
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute
from edgeprof_hub.routes.people_page import ADDRESS, asker, end_session, on, people_page
from edgeprof_hub.routes.sign_in import credentials_of

router = APIRouter(prefix=ADDRESS, include_in_schema=False, route_class=PageRoute)
Text = Annotated[str, Form()]


@router.post("/sessions/end")
def end_any_session(hub: HubOf, session: Text = "") -> RedirectResponse:
    """Sign somebody out."""
    found = hub.reader.people.session(session)
    if found is not None:
        end_session(hub, asker(), found)
    return on("signed-out")


@router.post("/accounts", response_model=None)
def add_account(
    hub: HubOf, request: Request, name: Text = "", role: Text = "", password: Text = ""
) -> HTMLResponse | RedirectResponse:
    """Add an account."""
    try:
        changing.add_account(hub, asker(), name, role, password)
    except UsageError as error:
        return people_page(hub, request, error.message, typed={"name": name, "role": role})
    return on("added")


@router.post("/accounts/role", response_model=None)
def set_role(hub: HubOf, request: Request, name: Text = "", role: Text = "") -> HTMLResponse | RedirectResponse:
    """Change a role."""
    try:
        changing.change_account(hub, asker(), name, role=role)
    except EdgeprofError as error:
        return people_page(hub, request, error.message)
    return on("role")


@router.post("/accounts/password", response_model=None)
def set_password(hub: HubOf, request: Request, name: Text = "", password: Text = "") -> HTMLResponse | RedirectResponse:
    """Set somebody's password, and sign them out."""
    try:
        changing.change_account(hub, asker(), name, password=password)
    except EdgeprofError as error:
        return people_page(hub, request, error.message)
    return on("reset")


@router.post("/accounts/remove", response_model=None)
def remove_account(hub: HubOf, request: Request, name: Text = "") -> HTMLResponse | RedirectResponse:
    """Remove an account."""
    try:
        changing.remove_account(hub, asker(), name)
    except EdgeprofError as error:
        return people_page(hub, request, error.message)
    return on("removed")


@router.post("/tokens", response_model=None)
def add_token(hub: HubOf, request: Request, name: Text = "", scope: Text = "", days: Text = "") -> HTMLResponse:
    """Make an API token and show it, once."""
    valid = int(days) if days.isascii() and days.isdigit() else 0
    try:
        secret = changing.add_token(hub, asker(), name, scope, valid, credentials_of(request).clock())
    except EdgeprofError as error:
        return people_page(hub, request, error.message, typed={"token": name, "scope": scope, "days": days})
    return people_page(hub, request, new_token=secret)


@router.post("/tokens/revoke", response_model=None)
def revoke_token(hub: HubOf, request: Request, name: Text = "") -> HTMLResponse | RedirectResponse:
    """Revoke an API token."""
    try:
        changing.revoke_token(hub, asker(), name)
    except EdgeprofError as error:
        return people_page(hub, request, error.message)
    return on("revoked")
