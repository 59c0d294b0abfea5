"""Refuses every change while the database is damaged, in the API's and the pages' own forms."""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from edgeprof_hub.context import hub_of
from edgeprof_hub.failures import error_response
from edgeprof_hub.routes.access import SAFE_METHODS

_STILL_TAKEN = frozenset({"/sign-in", "/sign-out"})
_LEADS_TO_CHANGES = frozenset({"/api/v1/bootstrap"})
"""An agent waits and keeps its results while this is refused: there is no broker that it could go to."""


class ReadOnly:
    """Innermost: who asks has been checked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            health = hub_of(Request(scope)).health
            changes = scope["method"] not in SAFE_METHODS and scope["path"] not in _STILL_TAKEN
            if health.is_read_only and (changes or scope["path"] in _LEADS_TO_CHANGES):
                response = error_response(503, "database_damaged", health.message or "")
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)
