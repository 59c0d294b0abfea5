"""`edgeprof quality`: every evaluation on the hub with its gate and drift, next to speed and cost."""

import shutil

import click

from edgeprof.client.http_client import HubClient
from edgeprof.commands import complete
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof.quality.gate_check import check_gates
from edgeprof.tables.quality import quality_json, render_quality
from edgeprof.wire.quality import QualityRow

MAX_ROWS = 10_000
"""What `GET /api/v1/quality` gives at most."""


@click.command()
@click.argument("family", required=False, default="", shell_complete=complete.family)
@hub_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--check", "is_check", is_flag=True, help="Exit code 0: every gate holds; 4: one fails; 5: undecided.")
def quality(family: str, hub_url: str, token_file: str | None, as_json: bool, is_check: bool) -> None:
    """Print quality, gate and drift of each variant next to its speed and cost.

    FAMILY limits it to one family of models.
    """
    client = client_of(hub_url, token_file)
    rows = client.quality(family=family, limit=MAX_ROWS)
    if len(rows) == MAX_ROWS:
        click.echo(f"Only the newest {MAX_ROWS:,} evaluations are shown. Name a FAMILY for its own.", err=True)
    click.echo(quality_json(rows) if as_json else quality_text(client, rows, family), nl=False)
    if is_check:
        check_gates([row.gate for row in rows if row.gate is not None])


def quality_text(client: HubClient, rows: list[QualityRow], family: str = "") -> str:
    """The table at the width of this terminal, with the variants that answered no set.

    Raises UsageError: unknown_family.
    """
    models = [model for model in client.models() if family in ("", model.family)]
    if family and not models:
        known = ", ".join(sorted({model.family for model in client.models()})) or "none"
        raise UsageError("unknown_family", f"No family {family!r} on this hub. Families: {known}.")
    evaluated = {row.model_id for row in rows}
    without = sorted(model.name for model in models if model.model_id not in evaluated)
    return render_quality(rows, without, shutil.get_terminal_size((110, 24)).columns)
