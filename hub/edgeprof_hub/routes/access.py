"""Who may access what: the shared token, the page's session, and which hosts and origins a request may name."""

import asyncio
import hmac
import secrets
import threading
import time
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edgeprof_hub.config import HubSettings, is_loopback
from edgeprof_hub.failures import error_response
from edgeprof_hub.http_bounds import TRUSTED
from edgeprof_hub.identity import device_access
from edgeprof_hub.routes.guesses import Guesses

COOKIE = "edgeprof_session"
SESSION_S = 12 * 3600.0
MAX_SESSIONS = 1000
API = "/api/"
SIGN_IN = "/sign-in"
ENROL = "/api/v1/enrol"
OPEN_PATHS = frozenset({"/api/v1/healthz", SIGN_IN, ENROL, "/ca.pem", "/install.sh", "/api/v1/join-plan"})
OPEN_PREFIXES = ("/static/", "/simple/")
"""A device that joins has no token yet. What it fetches is public software, checked by its hash."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BODY_BYTES = 1024 * 1024
"""Of a request that is no upload of a blob."""
BODY_WITHIN_S = 60.0
OPEN_BODY_WITHIN_S = 10.0
"""Anybody may show the sign-in form a body; a byte now and then must not hold a connection for ever."""
UPLOADS = ("/api/v1/blobs/", "/api/v1/artifacts/", "/models/upload", "/sets/upload")

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


class Sessions:
    """Sessions of signed-in pages. They live in memory: a restart signs everybody out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends_s: dict[str, float] = {}

    def begin(self) -> str:
        """A new session's secret."""
        with self._lock:
            now_s = time.monotonic()
            alive = [(key, end_s) for key, end_s in self._ends_s.items() if end_s > now_s]
            self._ends_s = dict(alive[-MAX_SESSIONS + 1 :])
            secret = secrets.token_urlsafe(32)
            self._ends_s[secret] = now_s + SESSION_S
            return secret

    def end(self, secret: str) -> None:
        """Sign out."""
        with self._lock:
            self._ends_s.pop(secret, None)

    def is_alive(self, secret: str) -> bool:
        """Whether a cookie's secret is that of a session in force."""
        with self._lock:
            return self._ends_s.get(secret, 0.0) > time.monotonic()


def is_token(settings: HubSettings, given: str) -> bool:
    """Whether a text is the shared token; takes as long for a wrong one as for a right one."""
    return settings.token is not None and hmac.compare_digest(given.encode(), settings.token.encode())


def session_secret(headers: Headers) -> str:
    """The session that a request's cookie names, or an empty text."""
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


class Guard:
    """Stands before every route. What it lets through has the right host, origin, size and credentials."""

    def __init__(self, app: ASGIApp, settings: HubSettings, sessions: Sessions, guesses: Guesses) -> None:
        self._app = app
        self._settings = settings
        self._sessions = sessions
        self._guesses = guesses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = await self._waited(scope, headers) or self._refusal(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, _with_headers(send))
        elif scope["path"].startswith(UPLOADS):
            scope.setdefault("state", {})[TRUSTED] = True
            await self._app(scope, receive, _with_headers(send))
        else:
            within_s = OPEN_BODY_WITHIN_S if _is_open(scope["path"]) else BODY_WITHIN_S
            await self._app(scope, _limited(receive, within_s), _with_headers(send))

    async def _waited(self, scope: Scope, headers: Headers) -> Response | None:
        """Until it is this token's turn, where its address has shown too many wrong ones."""
        path = scope["path"]
        shows_token = "authorization" in headers or (scope["method"] == "POST" and path == SIGN_IN)
        if path != ENROL and (self._settings.token is None or not shows_token):
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
        method, path = scope["method"], scope["path"]
        if not self._is_host_known(headers.get("host", "")):
            return error_response(421, "wrong_host", "This hub does not answer to that host name. Use its own address.")
        if method not in SAFE_METHODS and not _is_same_origin(headers):
            return error_response(403, "cross_origin", "Another site's page must not change this hub.")
        if int_or_zero(headers.get("content-length")) > MAX_BODY_BYTES and not path.startswith(UPLOADS):
            return _too_large()
        if _is_open(path):
            return None
        device = device_access.caller_of(scope, device_access.bearer_of(headers))
        if device is not None:
            scope.setdefault("state", {})[device_access.DEVICE] = device.device_id
            return device.refusal
        if self._is_allowed(headers):
            return None
        if path.startswith(API) or method not in SAFE_METHODS:
            if "authorization" in headers:
                self._guesses.failed(client_of(scope))
            response = error_response(401, *(WRONG_TOKEN if "authorization" in headers else NO_TOKEN))
            response.headers["www-authenticate"] = "Bearer"
            return response
        return RedirectResponse(f"/sign-in?next={quote(path)}", status_code=303)

    def _is_host_known(self, host: str) -> bool:
        """Without a token the hub answers to this machine's names only, so that no rebound name reads it.

        With one, a foreign name gains nothing: it has neither the token nor the cookie of the hub's own name.
        """
        return self._settings.token is not None or is_loopback(host_name(host))

    def _is_allowed(self, headers: Headers) -> bool:
        if self._settings.token is None:
            return True
        if is_token(self._settings, device_access.bearer_of(headers)):
            return True
        return self._sessions.is_alive(session_secret(headers))


def _is_open(path: str) -> bool:
    """Whether it is served without the token."""
    return path in OPEN_PATHS or path.startswith(OPEN_PREFIXES)


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
