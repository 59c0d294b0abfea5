"""Readiness for a service level: the page with its form, and the same answer through the API."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from edgeprof.errors import UsageError
from edgeprof.readiness.document import ReadyAnswer
from edgeprof.readiness.level import DEFAULT_UTILISATION
from edgeprof.readiness.parse import FORM_FIELDS, MAX_CHARS, service_level
from edgeprof_hub.matrix.window import MAX_SEARCH_CHARS
from edgeprof_hub.readiness.listing import ReadyQuery, checked_utilisation, ready_answer
from edgeprof_hub.routes.answers import HubOf, encoded
from edgeprof_hub.routes.page_answers import PageRoute, answer, page, text_of
from edgeprof_hub.views.ready_view import ReadyPage, ready_page

MAX_ROWS = 10_000
MAX_PAGE_ROWS = 1000
MAX_FIELD_CHARS = 40

router = APIRouter(include_in_schema=False, route_class=PageRoute)
api = APIRouter(tags=["results"])
Words = Annotated[str, Query(max_length=MAX_SEARCH_CHARS)]


@api.get("/ready", response_model=ReadyAnswer)
def get_ready(
    hub: HubOf,
    level: Annotated[str, Query(max_length=MAX_CHARS)],
    device: Words = "",
    family: Words = "",
    utilisation: Annotated[float, Query(ge=0.05, le=1)] = DEFAULT_UTILISATION,
    limit: Annotated[int, Query(ge=1, le=MAX_ROWS)] = 1000,
) -> Response:
    """Every model on every device against a service level such as `30 frames/s, p95 under 33 ms, 5 W`.

    `device`, `family`: words in names and tags. `utilisation`: share of a device that the load may take.
    """
    query = ReadyQuery(level=service_level(level), device=device, family=family, utilisation=utilisation)

    def make() -> bytes:
        return msgspec.json.encode(ready_answer(hub.reader, query, limit))

    return encoded(hub.pages.page(hub.reader.version(), ("ready.json", query, limit), make))


@router.get("/ready")
def ready(hub: HubOf, request: Request) -> HTMLResponse:
    """The form; with a service level, the answer below it. A problem with the level stands above the form."""
    asked = {name: value[:MAX_CHARS] for name, value in request.query_params.items()}
    fields = {name: asked.get(name, "")[:MAX_FIELD_CHARS] for name in FORM_FIELDS}
    if not asked.get("level", "").strip() and not any(fields.values()):
        return page("ready.html", page=ready_page(asked), here="ready")
    try:
        query = ReadyQuery(
            level=service_level(asked.get("level", ""), fields),
            device=asked.get("device", "")[:MAX_SEARCH_CHARS],
            family=asked.get("family", "")[:MAX_SEARCH_CHARS],
            utilisation=checked_utilisation(asked.get("utilisation", "")),
        )
    except UsageError as error:
        return page("ready.html", 400, page=ready_page(asked, problem=error.message), here="ready")

    def make() -> str:
        made: ReadyPage = ready_page(asked, ready_answer(hub.reader, query, MAX_PAGE_ROWS))
        return text_of("ready.html", page=made, here="ready")

    return answer(hub.pages.page(hub.reader.version(), ("ready", *sorted(asked.items())), make))
