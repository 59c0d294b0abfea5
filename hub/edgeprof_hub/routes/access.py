"""The guard before every route: credentials and rights, and which hosts and origins a request may name."""

import asyncio
import sqlite3
import time
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edgeprof.errors import EdgeprofError
from edgeprof_hub.config import HubSettings, is_loopback
from edgeprof_hub.context import HubContext, hub_of
from edgeprof_hub.failures import STATUS, error_response
from edgeprof_hub.http_bounds import TRUSTED
from edgeprof_hub.identity import device_access
from edgeprof_hub.people import audit, rights
from edgeprof_hub.people.credentials import Credentials
from edgeprof_hub.people.refusals import Refusals
from edgeprof_hub.people.rights import SAFE_METHODS as SAFE_METHODS
from edgeprof_hub.people.roles import Principal, Right, of_device
from edgeprof_hub.routes.guesses import Guesses
from edgeprof_hub.routes.page_answers import mark, page

COOKIE = "edgeprof_session"
API = "/api/"
ENROL = "/api/v1/enrol"
SHOWS_A_PASSWORD = frozenset({"/sign-in", "/settings/people/own-password"})
"""Forms that are guessed at as a header is."""
MAX_BODY_BYTES = 1024 * 1024
"""Of a request that is no upload of a blob."""
MAX_NOTED_CHARS = 120
"""Of an address in the audit log."""
UNREADABLE = "The hub cannot read who may sign in. Use the shared token, or look at the hub's log."
BODY_WITHIN_S = 60.0
OPEN_BODY_WITHIN_S = 10.0
"""Anybody may show the sign-in form a body; a byte now and then must not hold a connection for ever."""
UPLOADS = ("/api/v1/blobs/", "/api/v1/artifacts/", "/api/v1/uploads/", "/models/upload", "/sets/upload")

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

_NOT_IN_A_HOST = frozenset("/?#@\\ ")

NO_TOKEN = ("token_needed", "This hub needs its token. Set --token-file or EDGEPROF_TOKEN.")
WRONG_TOKEN = (
    "token_wrong",
    "Wrong token. Look in the hub's data folder, or ask the hub's operator.",
)


def session_secret(headers: Headers) -> str:
    """The session that a request's cookie names, or an empty text."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


class Guard:
    """Stands before every route. What it lets through has the right host, origin, size, credentials and rights."""

    def __init__(
        self, app: ASGIApp, settings: HubSettings, credentials: Credentials, guesses: Guesses, refusals: Refusals
    ) -> None:
        self._app = app
        self._settings = settings
        self._credentials = credentials
        self._guesses = guesses
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, hub = Headers(scope=scope), hub_of(Request(scope))
        found = (
            await self._waited(hub, scope, headers) or self._refusal(scope, headers) or self._who(hub, scope, headers)
        )
        if isinstance(found, Response):
            await found(scope, receive, _with_headers(send))
            return
        audit.begin(found)
        if scope["path"].startswith(UPLOADS):
            scope.setdefault("state", {})[TRUSTED] = True
            await self._app(scope, receive, _with_headers(send))
        else:
            within_s = OPEN_BODY_WITHIN_S if found is None else BODY_WITHIN_S
            await self._app(scope, _limited(receive, within_s), _with_headers(send))

    async def _waited(self, hub: HubContext, scope: Scope, headers: Headers) -> Response | None:
        """Until it is this secret's turn, where its address has shown too many wrong ones."""
        path = scope["path"]
        shows = "authorization" in headers or (scope["method"] == "POST" and path in SHOWS_A_PASSWORD)
        if path != ENROL and not (shows and self._are_credentials_needed(hub)):
            return None
        wait_s = self._guesses.wait_s(client_of(scope))
        if wait_s is None:
            response = error_response(429, "too_many_guesses", "Too many wrong tokens came from here. Try again later.")
            response.headers["retry-after"] = "10"
            return response
        if wait_s:
            await asyncio.sleep(wait_s)
        return None

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Whatever is shown with it."""
        method, path = scope["method"], scope["path"]
        if not self._is_host_known(headers.get("host", "")):
            return error_response(421, "wrong_host", "This hub does not answer to that host name. Use its own address.")
        if method not in SAFE_METHODS and not _is_same_origin(headers):
            return error_response(403, "cross_origin", "Another site's page must not change this hub.")
        if int_or_zero(headers.get("content-length")) > MAX_BODY_BYTES and not path.startswith(UPLOADS):
            return _too_large()
        return None

    def _who(self, hub: HubContext, scope: Scope, headers: Headers) -> Principal | Response | None:
        """Who asks, and may. None: anybody, at an address that is open."""
        need = rights.of(scope["method"], scope["path"]).need
        if need.right is Right.OPEN:
            return None
        try:
            device = device_access.caller_of(scope, device_access.bearer_of(headers))
            if device is not None:
                scope.setdefault("state", {})[device_access.DEVICE] = device.device_id
                return device.refusal or of_device(device.device_id)
            who = self._credentials.principal(hub, headers.get("authorization", ""), session_secret(headers))
        except EdgeprofError as error:
            self._refusals.note(hub, "unknown", "token.refused", client_of(scope), error.code)
            return error_response(STATUS.get(error.code, 401), error.code, error.message)
        except sqlite3.Error as error:
            known = hub.trouble(error)
            return error_response(503, "database_damaged", known.message if known else UNREADABLE)
        if who is None:
            return self._unknown(hub, scope, headers)
        return who if who.may(need.right) else self._forbidden(hub, scope, who, need.right)

    def _unknown(self, hub: HubContext, scope: Scope, headers: Headers) -> Response:
        method, path = scope["method"], scope["path"]
        if "authorization" in headers:
            self._guesses.failed(client_of(scope))
            self._refusals.note(hub, "unknown", "token.refused", client_of(scope), "a wrong token")
        if path.startswith(API) or method not in SAFE_METHODS:
            response = error_response(401, *(WRONG_TOKEN if "authorization" in headers else NO_TOKEN))
            response.headers["www-authenticate"] = "Bearer"
            return response
        return RedirectResponse(f"/sign-in?next={quote(path)}", status_code=303)

    def _forbidden(self, hub: HubContext, scope: Scope, who: Principal, right: Right) -> Response:
        method, path = scope["method"], scope["path"]
        self._refusals.note(hub, who.name, "refused", client_of(scope), f"{method} {path}"[:MAX_NOTED_CHARS])
        needed = (
            "the hub's shared token or a device's own credential"
            if right is Right.DEVICE
            else f"the role {right.name.lower()}"
        )
        message = f"This needs {needed}. You are {who.name}, with the role {who.role}. Ask an admin of this hub."
        if path.startswith(API):
            return error_response(403, "not_allowed", message)
        audit.begin(who)
        mark(hub)
        return page("error.html", 403, title="Not allowed", message=message)

    def _is_host_known(self, host: str) -> bool:
        """Without a token the hub answers to this machine's names only, so that no rebound name reads it.

        With one, a foreign name gains nothing: it has neither the token nor the cookie of the hub's own name.
        """
        return self._settings.token is not None or is_loopback(host_name(host))

    def _are_credentials_needed(self, hub: HubContext) -> bool:
        try:
            return self._credentials.are_needed(hub)
        except sqlite3.Error:
            return True


def client_of(scope: Scope) -> str:
    """The address that a request comes from."""
    return scope["client"][0] if scope.get("client") else ""


def host_name(host: str) -> str:
    """The name in a Host header, without its port and brackets; empty where it is more than a name and a port."""
    if not _NOT_IN_A_HOST.isdisjoint(host):
        return ""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def int_or_zero(text: str | None) -> int:
    """A header's number."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else 0


def _is_same_origin(headers: Headers) -> bool:
    """Browsers name the origin of every unsafe request; programs send none."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers


def _limited(receive: Receive, within_s: float) -> Receive:
    size, is_whole = 0, False
    end_s = time.monotonic() + within_s

    async def receive_limited() -> Message:
        nonlocal size, is_whole
        if is_whole:  # what comes now is the end of the connection, which an event stream waits for
            return await receive()
        try:
            async with asyncio.timeout(end_s - time.monotonic()):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408) from None
        size += len(message.get("body", b""))
        is_whole = not message.get("more_body", False)
        if size > MAX_BODY_BYTES:
            raise HTTPException(413)
        return message

    return receive_limited


def _too_large() -> Response:
    return error_response(413, "too_large", f"A request holds at most {MAX_BODY_BYTES // 1024} KiB.")
