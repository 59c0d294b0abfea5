"""`edgeprof compare`: the devices × models table; with A and B a verdict; with a folder of A/A runs a noise floor."""

import gc
import sys
from datetime import datetime, timezone
from pathlib import Path

import click
import msgspec

from edgeprof import tables
from edgeprof.client.sides import load_side
from edgeprof.commands import compare_evaluations
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.commands.options import FiniteRange
from edgeprof.compare import noise_floors
from edgeprof.compare.report import report_on, text_of
from edgeprof.compare.sources import SERIES, Series
from edgeprof.errors import UsageError
from edgeprof.quality.gate_check import check_gates
from edgeprof.quality.gate_text import parse_gates
from edgeprof.tables.terminal import fitted


@click.command()
@click.argument("results", nargs=-1, metavar="[A B]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--format", "kind", type=click.Choice(("table", "json", "csv", "md")), default="table", show_default=True)
@click.option("--device", metavar="WORDS", help="Table: only devices with these words in their name or board.")
@click.option(
    "--model", metavar="WORDS", help="Table: only models with these words in name, family, format, runtime ..."
)
@click.option("--catalogue", metavar="SHA256", help="Use this price catalogue; see `edgeprof prices history`.")
@click.option("--as-of", metavar="DAY", help="Use the token and audio prices of this day, such as 2026-05-01.")
@click.option("--series", type=click.Choice(SERIES), help="Default: latency; for a language model, inter_token.")
@click.option(
    "--floor",
    "floor_file",
    type=click.Path(path_type=Path),
    help="Noise floor file. Default: the floor stored in the results.",
)
@click.option(
    "--learn-floor", "learned", type=click.Path(path_type=Path), help="Write the noise floor of A/A runs to this file."
)
@click.option(
    "--margin",
    type=FiniteRange(0, 1e6),
    metavar="POINTS",
    help="Two evaluations: the loss that is acceptable, in points of the figure or in its unit.",
)
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="LINE",
    help="Two evaluations: judge B against this gate, as 'digits: accuracy >= source - 1'. Repeatable. "
    "Exit code 4: one fails; 5: one is undecided.",
)
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
    margin: float | None,
    gates: tuple[str, ...],
    hub_url: str,
    token_file: str | None,
) -> None:
    """Print the devices × models table, or compare A and B.

    A and B are result files (`edgeprof profile --json`), folders of them, or results on a hub. On a hub, give a result
    id, or a cell as DEVICE/MODEL or DEVICE/MODEL@RUNTIME. A cell means all its newest runs of one configuration.
    Large samples are read from NAME.samples.json next to NAME.json.
    Without `--floor`, the noise floor is the one stored in the results.
    Two evaluations of one set get a paired verdict, with the items that flipped. Give the folders of
    `edgeprof evaluate --save`.
    `--learn-floor FILE` takes one folder or cell with at least 5 runs of one set-up and measures their noise floor.
    """
    sides = [load_side(text, lambda: client_of(hub_url, token_file)) for text in results[:2]]
    parsed = parse_gates(gates)
    if (margin is not None or gates) and not (len(sides) == 2 and compare_evaluations.are_evaluations(*sides)):
        raise UsageError(
            "bad_usage", "--margin and --gate are for two evaluations. Give two results of `edgeprof evaluate`."
        )
    if len(results) == 1 and learned:
        floor = noise_floors.learn(sides[0], series, datetime.now(timezone.utc).isoformat(timespec="seconds"))
        learned.write_text(_json(floor) + "\n")
        click.echo(_json(floor) if as_json or kind == "json" else f"{noise_floors.text_of(floor)} Saved in {learned}.")
    elif len(results) == 2 and not learned:
        if kind in ("csv", "md"):
            raise UsageError(
                "bad_format", "A verdict is printed as text or JSON only. Use --json or leave --format out."
            )
        is_json = as_json or kind == "json"
        if compare_evaluations.are_evaluations(*sides):
            found = compare_evaluations.report_on(sides[0], sides[1], margin, parsed)
            click.echo(_json(found) if is_json else fitted(compare_evaluations.text_of(found), sys.stdout))
            if parsed:
                check_gates([verdict.state for verdict in found.gates])
            return
        report = report_on(sides[0], sides[1], series, noise_floors.read(floor_file) if floor_file else ())
        click.echo(_json(report) if is_json else fitted(text_of(report), sys.stdout))
    elif not results and not learned:
        client = client_of(hub_url, token_file)
        gc.disable()  # 20,000 cells are millions of objects that all live to the end: collecting took half of the time
        table = client.compare(device or "", model or "", catalogue=catalogue or "", as_of=as_of or "")
        click.echo(tables.render(table, "json" if as_json else kind), nl=False)
    else:
        raise UsageError(
            "bad_usage",
            "Give no result for the table, two for a verdict, or one folder or cell with --learn-floor FILE.",
        )


def _json(document: object) -> str:
    return msgspec.json.format(msgspec.json.encode(document)).decode()
