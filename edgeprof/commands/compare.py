"""`edgeprof compare`: the devices × models table; with A and B a verdict; with a folder of A/A runs a noise floor."""

from datetime import datetime, timezone
from pathlib import Path

import click
import msgspec

from edgeprof import tables
from edgeprof.client.sides import load_side
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.compare import noise_floors
from edgeprof.compare.report import report_on, text_of
from edgeprof.compare.sources import SERIES, Series
from edgeprof.errors import UsageError


@click.command()
@click.argument("results", nargs=-1, metavar="[A B]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--format", "kind", type=click.Choice(("table", "json", "csv", "md")), default="table", show_default=True)
@click.option("--device", metavar="WORDS", help="Of the table: devices with these words in name or board.")
@click.option("--model", metavar="WORDS", help="Of the table: models with these in name, family, format, runtime ...")
@click.option("--catalogue", metavar="SHA256", help="Costs with this price catalogue; see `edgeprof prices history`.")
@click.option("--as-of", metavar="DAY", help="Costs with the token and audio prices of 2026-05-01, say.")
@click.option("--series", type=click.Choice(SERIES), help="Default: latency; of a language model, inter_token.")
@click.option(
    "--floor",
    "floor_file",
    type=click.Path(path_type=Path),
    help="Noise floor; default: the results' own.",
)
@click.option("--learn-floor", "learned", type=click.Path(path_type=Path), help="Write the noise floor of A/A runs.")
@hub_options
def compare(
    results: tuple[str, ...],
    as_json: bool,
    kind: str,
    device: str | None,
    model: str | None,
    catalogue: str | None,
    as_of: str | None,
    series: Series | None,
    floor_file: Path | None,
    learned: Path | None,
    hub_url: str,
    token_file: str | None,
) -> None:
    """Print the devices × models table; or say whether B is faster than A.

    A and B are result files (`edgeprof profile --json`), folders of them (several runs), or on the hub: ids of results,
    or cells as DEVICE/MODEL, or DEVICE/MODEL@RUNTIME, with all their newest runs of one configuration.
    Samples that are too many for a result are read from NAME.samples.json beside NAME.json.
    Without `--floor`, the noise floor is that of the device's calibration which the results carry.
    With `--learn-floor FILE`, a folder or cell of at least 5 runs of one set-up teaches what two such runs differ by.
    """
    sides = [load_side(text, lambda: client_of(hub_url, token_file)) for text in results[:2]]
    if len(results) == 1 and learned:
        floor = noise_floors.learn(sides[0], series, datetime.now(timezone.utc).isoformat(timespec="seconds"))
        learned.write_text(_json(floor) + "\n")
        click.echo(_json(floor) if as_json or kind == "json" else f"{noise_floors.text_of(floor)} Kept in {learned}.")
    elif len(results) == 2 and not learned:
        if kind in ("csv", "md"):
            raise UsageError("bad_format", "A verdict is printed as text or as JSON.")
        report = report_on(sides[0], sides[1], series, noise_floors.read(floor_file) if floor_file else ())
        click.echo(_json(report) if as_json or kind == "json" else text_of(report))
    elif not results and not learned:
        client = client_of(hub_url, token_file)
        table = client.compare(device or "", model or "", catalogue=catalogue or "", as_of=as_of or "")
        click.echo(tables.render(table, "json" if as_json else kind), nl=False)
    else:
        raise UsageError(
            "bad_usage",
            "Give no result for the table, two for a verdict, or one folder or cell with --learn-floor FILE.",
        )


def _json(document: object) -> str:
    return msgspec.json.format(msgspec.json.encode(document)).decode()
