"""`edgeprof quality`: every evaluation on the hub with its gate and drift, next to speed and cost."""

import shutil

import click

from edgeprof.client.http_client import HubClient
from edgeprof.commands import complete
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof.tables.quality import quality_json, render_quality
from edgeprof.wire.quality import QualityRow


@click.command()
@click.argument("family", required=False, default="", shell_complete=complete.family)
@hub_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def quality(family: str, hub_url: str, token_file: str | None, as_json: bool) -> None:
    """Print quality, gate and drift of each variant next to its speed and cost.

    FAMILY limits it to one family of models.
    """
    client = client_of(hub_url, token_file)
    rows = client.quality(family=family)
    if as_json:
        click.echo(quality_json(rows), nl=False)
        return
    click.echo(quality_text(client, rows, family), nl=False)


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
