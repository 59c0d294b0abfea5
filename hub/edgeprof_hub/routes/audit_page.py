"""The page of the audit log, with filters, and the same as CSV."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from edgeprof_hub.exports.audit_csv import audit_csv
from edgeprof_hub.routes.answers import HubOf
from edgeprof_hub.routes.page_answers import PageRoute, page
from edgeprof_hub.store.audit import AuditEntry, AuditQuery

router = APIRouter(include_in_schema=False, route_class=PageRoute)

ON_A_PAGE = 100
MAX_CSV_ROWS = 100_000
MAX_ID = 2**62
Word = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, kw_only=True)
class AuditPage:
    """`older`: the address of the entries before these; empty where there are none."""

    query: AuditQuery
    entries: Sequence[AuditEntry]
    actors: Sequence[str]
    actions: Sequence[str]
    older: str
    csv: str
    most_csv_rows: int = MAX_CSV_ROWS


@router.get("/audit", response_model=None)
def get_audit(
    hub: HubOf,
    actor: Word = "",
    action: Word = "",
    text: Word = "",
    failed: Literal["", "1"] = "",
    before: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
    kind: Annotated[Literal["html", "csv"], Query(alias="as")] = "html",
) -> HTMLResponse | Response:
    """Newest first."""
    asked = AuditQuery(actor=actor, action=action, text=text.strip(), failed=bool(failed), before=before)
    if kind == "csv":
        found = hub.reader.audit.entries(replace(asked, before=0, limit=MAX_CSV_ROWS))
        headers = {"content-disposition": 'attachment; filename="edgeprof-audit.csv"', "cache-control": "no-store"}
        return Response(audit_csv(found), media_type="text/csv; charset=utf-8", headers=headers)
    found = hub.reader.audit.entries(replace(asked, limit=ON_A_PAGE + 1))
    entries = found[:ON_A_PAGE]
    shown = AuditPage(
        query=asked,
        entries=entries,
        actors=hub.reader.audit.actors(),
        actions=hub.reader.audit.actions(),
        older=_address(asked, before=str(entries[-1].audit_id)) if len(found) > ON_A_PAGE else "",
        csv=_address(asked, **{"as": "csv"}),
    )
    return page("audit.html", page=shown, here="settings")


def _address(asked: AuditQuery, **more: str) -> str:
    words = {"actor": asked.actor, "action": asked.action, "text": asked.text, "failed": "1" if asked.failed else ""}
    return f"/audit?{urlencode({name: word for name, word in {**words, **more}.items() if word})}"
