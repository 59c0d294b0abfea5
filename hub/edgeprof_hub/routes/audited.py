"""Writes an entry of the audit log for every request that changed something, before its answer goes out."""

import asyncio
import logging

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edgeprof_hub.context import HubContext, hub_of
from edgeprof_hub.people import audit, rights

log = logging.getLogger(__name__)

API = "/api/"


class Audited:
    """Innermost: who asks has been checked, and may."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        pending = audit.pending()
        found = rights.of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if found is None or pending is None or not found.need.action:
            await self._app(scope, receive, send)
            return

        async def send_audited(message: Message) -> None:
            if message["type"] == "http.response.start" and _has_changed(scope, message["status"], pending):
                await _write(hub_of(Request(scope)), scope, found, pending)
            await send(message)

        await self._app(scope, receive, send_audited)


def _has_changed(scope: Scope, status: int, pending: audit.Pending) -> bool:
    """A form that changed something leads to another page; one that answers itself has a question or a problem."""
    if pending.changed is not None:
        return pending.changed and status < 400
    return status < 300 if scope["path"].startswith(API) else status == 303


async def _write(hub: HubContext, scope: Scope, found: rights.Found, pending: audit.Pending) -> None:
    actor, action = pending.actor or audit.actor(), found.need.action
    subject, detail = pending.subject or found.subject, pending.detail
    address = scope["client"][0] if scope.get("client") else ""
    written = hub.writer.submit(
        lambda store: store.change(lambda db: audit.record(db, actor, action, subject, detail, address=address))
    )
    try:
        await asyncio.wrap_future(written)
    except Exception as error:  # the change is made, and its answer must tell so
        hub.trouble(error)
        log.error("audit.lost actor=%s action=%s subject=%s error=%s", actor, action, subject, error)
