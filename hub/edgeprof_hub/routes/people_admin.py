"""What an admin changes of people: accounts, API tokens, other people's sessions. `rights.py` keeps others out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof_hub.people import accounts, api_tokens
from edgeprof_hub.people.roles import OPEN_HUB
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute
from edgeprof_hub.routes.people_page import ADDRESS, asker, end_session, on, people_page
from edgeprof_hub.routes.sign_in import credentials_of

router = APIRouter(prefix=ADDRESS, include_in_schema=False, route_class=PageRoute)
Text = Annotated[str, Form()]

FIRST_ACCOUNT = (
    "This hub asks nobody who they are. Make the first account at its machine: edgeprof hub user add NAME --role admin"
)


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
    who = asker()
    try:
        if not hub.reader.people.has_accounts() and who == OPEN_HUB:
            raise UsageError("first_account", FIRST_ACCOUNT)
        tidy, checked = accounts.tidy(name), accounts.role_named(role)
        hashed = accounts.new_password(password, tidy)
        hub.writer.call(lambda store: store.change(lambda db: accounts.add(db, who.name, tidy, checked, hashed)))
    except UsageError as error:
        return people_page(hub, request, error.message, typed={"name": name, "role": role})
    return on("added")


@router.post("/accounts/role", response_model=None)
def set_role(hub: HubOf, request: Request, name: Text = "", role: Text = "") -> HTMLResponse | RedirectResponse:
    """Change a role."""
    who = asker()
    try:
        checked = accounts.role_named(role)
        hub.writer.call(lambda store: store.change(lambda db: accounts.set_role(db, who.name, name, checked)))
    except EdgeprofError as error:
        return people_page(hub, request, error.message)
    return on("role")


@router.post("/accounts/password", response_model=None)
def set_password(hub: HubOf, request: Request, name: Text = "", password: Text = "") -> HTMLResponse | RedirectResponse:
    """Set somebody's password, and sign them out."""
    who = asker()
    try:
        hashed = accounts.new_password(password, name)
        hub.writer.call(lambda store: store.change(lambda db: accounts.set_password(db, who.name, name, hashed)))
    except EdgeprofError as error:
        return people_page(hub, request, error.message)
    return on("reset")


@router.post("/accounts/remove", response_model=None)
def remove_account(hub: HubOf, request: Request, name: Text = "") -> HTMLResponse | RedirectResponse:
    """Remove an account. The last one is removed at the hub's machine only: without a token the hub is open then."""
    who = asker()
    try:
        hub.writer.call(lambda store: store.change(lambda db: accounts.remove(db, who.name, name, may_be_last=False)))
    except EdgeprofError as error:
        return people_page(hub, request, error.message)
    return on("removed")


@router.post("/tokens", response_model=None)
def add_token(hub: HubOf, request: Request, name: Text = "", scope: Text = "", days: Text = "") -> HTMLResponse:
    """Make an API token and show it, once."""
    who, now_s = asker(), credentials_of(request).clock()
    if who.token_sha256:  # what it made would outlive its owner's account
        return people_page(hub, request, "An API token cannot make another one. Sign in, and make it here.")
    try:
        checked, valid = api_tokens.scope_named(scope), int(days) if days.isascii() and days.isdigit() else 0
        secret = hub.writer.call(
            lambda store: store.change(
                lambda db: api_tokens.add(db, who.name, name, checked, valid, owner=who.account, now_s=now_s)
            )
        )
    except UsageError as error:
        return people_page(hub, request, error.message, typed={"token": name, "scope": scope, "days": days})
    return people_page(hub, request, new_token=secret)


@router.post("/tokens/revoke", response_model=None)
def revoke_token(hub: HubOf, request: Request, name: Text = "") -> HTMLResponse | RedirectResponse:
    """Revoke an API token."""
    who = asker()
    try:
        hub.writer.call(lambda store: store.change(lambda db: api_tokens.revoke(db, who.name, name)))
    except EdgeprofError as error:
        return people_page(hub, request, error.message)
    return on("revoked")
