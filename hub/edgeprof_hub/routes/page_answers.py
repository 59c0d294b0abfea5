"""How pages answer: rendered templates with a policy that allows nothing inline, and errors as pages."""

import sqlite3
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from edgeprof.errors import EdgeprofError
from edgeprof.version import __version__
from edgeprof_hub import failures
from edgeprof_hub.context import HubContext, hub_of
from edgeprof_hub.lent import Lent
from edgeprof_hub.people import audit
from edgeprof_hub.views import render
from edgeprof_hub.views.personal import personal

HEADERS = {
    # Nothing inline: no script, and no style (charts.js takes Plot's style element out before the page gets it).
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
}
_ENVIRONMENT = render.environment()
_SYNTHETIC: ContextVar[bool] = ContextVar("synthetic", default=False)
"""Whether the hub that answers holds a made-up fleet: every page says so."""

_RECORDED: ContextVar[str] = ContextVar("recorded", default="")
"""When and on what a recording was measured that the hub shows: every page says so."""

_DAMAGE: ContextVar[str | None] = ContextVar("damage", default=None)
"""What is wrong with the hub's database: every page says so."""


class PageRoute(APIRoute):
    """Turns an expected error into a page, as the API turns it into JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_or_explain(request: Request) -> Response:
            hub = hub_of(request)
            mark(hub)
            try:
                return await handle(request)
            except EdgeprofError as error:
                return _explained(error)
            except (sqlite3.Error, OSError) as error:
                known = hub.trouble(error)
                if known is None:
                    raise
                return _explained(known)

        return handle_or_explain


def mark(hub: HubContext) -> None:
    """Note what every page of this hub must say, before one is rendered in this context."""
    _SYNTHETIC.set(hub.is_synthetic)
    _RECORDED.set(hub.recorded)
    _DAMAGE.set(hub.health.message)


def _explained(error: EdgeprofError) -> Response:
    if error.code == "not_found":
        return page("error.html", 404, title="Not found", message=error.message)
    status = failures.STATUS.get(error.code, 400)
    return page("error.html", status if status >= 500 else 400, title="Request failed", message=error.message)


def page(template: str, status: int = 200, **context: object) -> HTMLResponse:
    """A rendered page. `here` marks the place in the navigation."""
    return answer(text_of(template, **context), status)


def answer(text: str, status: int = 200) -> HTMLResponse:
    """A page that is rendered already."""
    return HTMLResponse(personal(text, audit.who_asks()), status, HEADERS)


def text_of(template: str, **context: object) -> str:
    """The page as text."""
    marks = {"synthetic": _SYNTHETIC.get(), "recorded": _RECORDED.get(), "damage": _DAMAGE.get()}
    always = {"version": __version__, "here": "", **marks}
    page = context.get("page")
    lent = None if page is None else Lent(page)
    try:
        return _ENVIRONMENT.get_template(template).render({**always, **context, "page": lent})
    finally:
        if lent is not None:
            lent.take_back()
