"""`edgeprof results`: the newest results, and the headline of one."""

import json
import re
import time
from dataclasses import asdict
from datetime import datetime, timezone

import click

from edgeprof.client import resolve
from edgeprof.commands import complete
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof.tables.results import FORMATS, headline_text, render_runs
from edgeprof.wire.failures import FAILURE_CODES

UNITS_S = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
STATES = ("measured", "failed", *FAILURE_CODES)
_AGO = re.compile(r"(\d{1,6})\s*(s|m|min|h|d|w)")


@click.command()
@click.argument("result", metavar="[RESULT]", required=False)
@click.option("--device", metavar="DEVICE", shell_complete=complete.device, help="Only of this device, by name or id.")
@click.option("--model", metavar="MODEL", shell_complete=complete.model, help="Only of this model, by name or id.")
@click.option("--family", metavar="FAMILY", help="Only of the models of this family.")
@click.option("--state", metavar="STATE", help="measured, failed, or a failure's code such as out_of_memory.")
@click.option("--since", metavar="WHEN", help="Received since then: 30min, 2h, 7d, or a date such as 2026-11-30.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Print at most this many.")
@click.option(
    "--format", "kind", type=click.Choice(FORMATS), default="table", show_default=True, help="How to print them."
)
@hub_options
def results(
    result: str | None,
    device: str | None,
    model: str | None,
    family: str | None,
    state: str | None,
    since: str | None,
    limit: int,
    kind: str,
    hub_url: str,
    token_file: str | None,
) -> None:
    """List the newest results: figure, interval, badge, age and id. With RESULT: the headline of that one."""
    client = client_of(hub_url, token_file)
    if result is not None:
        if any((device, model, family, state, since)) or kind not in ("table", "json"):
            raise UsageError("bad_usage", "RESULT is one result: filters, csv and md are for the list.")
        line = client.run(resolve.item_id(client, "result", result))
        as_json = json.dumps(asdict(line), indent=2, ensure_ascii=False)
        click.echo(as_json if kind == "json" else headline_text(line, time.time(), client.url))
        return
    found = client.runs(
        device_id=resolve.item_id(client, "device", device) if device else "",
        model_id=resolve.item_id(client, "model", model) if model else "",
        family=family or "",
        state=state or "",
        since_s=since_s(since, time.time()) if since else 0.0,
        limit=limit,
    )
    if state and not found and state not in STATES:
        raise UsageError("unknown_state", f"{state!r} is not a state. Use one of: {', '.join(STATES)}.")
    click.echo(render_runs(found, kind, time.time()), nl=False)


def since_s(text: str, now_s: float) -> float:
    """The Unix time that `2h`, `7d` or an ISO date means; a date without a zone is UTC. Raises UsageError."""
    if ago := _AGO.fullmatch(text.strip()):
        return max(0.0, now_s - int(ago[1]) * UNITS_S[ago[2]])
    try:
        at = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError as error:
        raise UsageError("bad_since", f"{text!r} is not a time. Use 30min, 2h, 7d or 2026-11-30T18:00.") from error
    return max(0.0, (at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp())
