"""Refuses every change while the database is damaged or a recording, in the API's and the pages' own forms."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from edgeprof_hub.context import HubContext, hub_of
from edgeprof_hub.failures import STATUS, error_response
from edgeprof_hub.routes.access import API, SAFE_METHODS
from edgeprof_hub.routes.page_answers import mark, page

_STILL_TAKEN = frozenset({"/sign-in", "/sign-out"})
_LEADS_TO_CHANGES = frozenset({"/api/v1/bootstrap"})
"""An agent waits and keeps its results while this is refused: there is no broker that it could go to."""


class ReadOnly:
    """Innermost: who asks has been checked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            hub = hub_of(Request(scope))
            health = hub.health
            changes = scope["method"] not in SAFE_METHODS and scope["path"] not in _STILL_TAKEN
            if health.is_read_only and (changes or scope["path"] in _LEADS_TO_CHANGES):
                await _refused(hub, scope)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _refused(hub: HubContext, scope: Scope) -> Response:
    refusal = hub.health.refusal
    if refusal is None:
        return error_response(503, "database_damaged", hub.health.message or "")
    status = STATUS.get(refusal.code, 403)
    if scope["path"].startswith(API):
        return error_response(status, refusal.code, refusal.message)
    mark(hub)
    return page("error.html", status, title="Recorded results", message=refusal.message)
