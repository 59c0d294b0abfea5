"""Signing in to the pages with the shared token, and out again."""

from typing import Annotated, cast

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import Headers

from edgeprof_hub.routes.access import COOKIE, SESSION_S, Sessions, client_of, is_token, session_secret
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.guesses import Guesses
from edgeprof_hub.routes.page_answers import page

router = APIRouter(include_in_schema=False)


@router.get("/sign-in")
def get_sign_in(next: str = "/") -> Response:
    """The form."""
    return page("sign_in.html", next=_own_path(next), problem="")


@router.post("/sign-in")
def post_sign_in(
    hub: HubOf, request: Request, token: Annotated[str, Form()] = "", next: Annotated[str, Form()] = "/"
) -> Response:
    """Begin a session, if the token is right."""
    if not is_token(hub.settings, token.strip()):
        cast(Guesses, request.app.state.guesses).failed(client_of(request.scope))
        return page("sign_in.html", 403, next=_own_path(next), problem="Wrong token.")
    answer = RedirectResponse(_own_path(next), 303)
    answer.set_cookie(
        COOKIE,
        _sessions(request).begin(),
        max_age=int(SESSION_S),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.post("/sign-out")
def post_sign_out(request: Request) -> Response:
    """End the session, here and in the browser."""
    _sessions(request).end(session_secret(Headers(scope=request.scope)))
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(COOKIE)
    return answer


def _sessions(request: Request) -> Sessions:
    return cast(Sessions, request.app.state.sessions)


def _own_path(path: str) -> str:
    """A path of this hub; anything that a browser could take for another site becomes `/`."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if is_own else "/"
