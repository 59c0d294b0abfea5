"""Signing in to the pages, with a name and password or with the shared token, and out again."""

from typing import Annotated, cast

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers

from edgeprof_hub.context import HubContext, hub_of
from edgeprof_hub.people import audit, passwords
from edgeprof_hub.people.accounts import MAX_NAME_CHARS
from edgeprof_hub.people.credentials import Credentials, is_token
from edgeprof_hub.people.refusals import Refusals
from edgeprof_hub.people.roles import SHARED_TOKEN
from edgeprof_hub.people.sessions import SESSION_S
from edgeprof_hub.routes.access import COOKIE, client_of, session_secret
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.guesses import Guesses
from edgeprof_hub.routes.page_answers import page
from edgeprof_hub.store import people

router = APIRouter(include_in_schema=False)

WRONG_TOKEN = "Wrong token."
WRONG_PASSWORD = "Wrong name or password."
UNKNOWN = "unknown name"
"""In the log in the place of a name that nobody has: it may be a password, typed into the wrong field."""


@router.get("/sign-in")
def get_sign_in(hub: HubOf, next: str = "/") -> Response:
    """The forms."""
    return _page(hub, next)


@router.post("/sign-in")
def post_sign_in(
    hub: HubOf,
    request: Request,
    token: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Begin a session, if the token or the password is right."""
    account: str | None = None
    if name or password:
        account = _account_of(hub, request, name, password)
        if account is None:
            return _page(hub, next, WRONG_PASSWORD, name[:MAX_NAME_CHARS])
    elif not is_token(hub.settings, token.strip()):
        failed(request, SHARED_TOKEN, "a wrong token")
        return _page(hub, next, WRONG_TOKEN)
    return _signed_in(hub, request, account, next)


@router.post("/sign-out")
def post_sign_out(hub: HubOf, request: Request) -> Response:
    """End the session, here and in the browser."""
    credentials_of(request).sessions.end(hub, session_secret(Headers(scope=request.scope)))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return answer


def credentials_of(request: Request) -> Credentials:
    """Those of this hub."""
    return cast(Credentials, request.app.state.credentials)


def failed(request: Request, actor: str, detail: str) -> None:
    """A wrong secret came in a form: slow its address down, and log it."""
    cast(Guesses, request.app.state.guesses).failed(client_of(request.scope))
    cast(Refusals, request.app.state.refusals).note(
        hub_of(request), actor, "sign_in.failed", client_of(request.scope), detail
    )


def _account_of(hub: HubContext, request: Request, name: str, password: str) -> str | None:
    account = hub.reader.people.account(name.strip().lower())
    if not passwords.is_right(account.password if account else None, password) or account is None:
        failed(request, account.name if account else UNKNOWN, "a wrong password" if account else "")
        return None
    if passwords.is_outdated(account.password) and not hub.health.is_read_only:
        renewed = passwords.hashed(password)
        hub.writer.post(lambda store: store.change(lambda db: people.set_password(db, account.name, renewed)))
    return account.name


def _signed_in(hub: HubContext, request: Request, account: str | None, onward: str) -> Response:
    address, sessions = client_of(request.scope), credentials_of(request).sessions
    if former := session_secret(Headers(scope=request.scope)):
        sessions.end(hub, former)
    secret = sessions.begin(hub, account, address, request.headers.get("user-agent", ""))
    if not hub.health.is_read_only:
        actor = account or SHARED_TOKEN
        hub.writer.call(lambda store: store.change(lambda db: audit.record(db, actor, "sign_in", address=address)))
    answer = RedirectResponse(_own_path(onward), 303)
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=int(SESSION_S),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


def _page(hub: HubContext, onward: str, problem: str = "", name: str = "") -> Response:
    has_accounts = hub.reader.people.has_accounts()
    return page(
        "sign_in.html",
        403 if problem else 200,
        next=_own_path(onward),
        problem=problem,
        name=name,
        has_accounts=has_accounts,
        takes_token=hub.settings.token is not None or not has_accounts,
    )


def _own_path(path: str) -> str:
    """A path of this hub; anything that a browser could take for another site becomes `/`."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_own else "/"
