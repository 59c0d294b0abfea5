"""`edgeprof optimize MODEL`: the command. What it does is in edgeprof/optimizing: its help stays quick."""

from typing import TYPE_CHECKING

import click

from edgeprof.commands.options import FilePath, FiniteRange, size_options, sizes_of
from edgeprof.wire.run_config import MAX_THREADS

if TYPE_CHECKING:
    from pathlib import Path


@click.command()
@click.argument("model", type=FilePath())
@click.option("--out", "folder", type=FilePath(), metavar="FOLDER", help="Where the files go. Default: MODEL-variants.")
@click.option(
    "--target",
    default="local",
    show_default=True,
    metavar="DEVICE",
    help="Where every file is measured: local, or a device or group of the hub.",
)
@click.option("--set", "set_name", default="", metavar="NAME|FOLDER", help="The set that calibrates and judges.")
@click.option(
    "--gate",
    "gates",
    multiple=True,
    metavar="GATE",
    help="What a variant must hold; repeatable. Default with --set: the source's figure less one point.",
)
@click.option("--step", "steps", multiple=True, metavar="NAME", help="Only this step; repeatable. See --list.")
@click.option(
    "--calibration-items",
    "calibrating",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="The last items of the set calibrate, and the others judge.",
)
@click.option("--repeats", type=click.IntRange(1, 100), default=4, show_default=True, help="Runs of each file.")
@click.option("--threads", type=click.IntRange(0, MAX_THREADS), default=0, help="0, the default: every core.")
@size_options
@click.option("--window-s", type=FiniteRange(0.1, 3600), default=3.0, show_default=True, help="Length of each run.")
@click.option("--hub", default="", metavar="URL", help="Default: EDGEPROF_HUB, or the hub on this machine.")
@click.option(
    "--token-file", type=click.Path(), help="File with the hub's token. Default: the variable EDGEPROF_TOKEN."
)
@click.option("--list", "lists", is_flag=True, help="Print the steps for MODEL, and make nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def optimize(
    model: "Path",
    folder: "Path | None",
    target: str,
    set_name: str,
    gates: tuple[str, ...],
    steps: tuple[str, ...],
    calibrating: int,
    repeats: int,
    threads: int,
    shapes: tuple[str, ...],
    dims: tuple[str, ...],
    window_s: float,
    hub: str,
    token_file: str | None,
    lists: bool,
    as_json: bool,
) -> int:
    """Make smaller and faster files of MODEL, measure each on the target, and say which one to ship.

    MODEL is a float ONNX, TFLite or GGUF file. Every file is compared with it in interleaved runs and held against the
    gates. The fastest is measured again before anything is claimed. What is made already is kept.
    """
    from edgeprof.client.http_client import token_from
    from edgeprof.commands.characterize import shown_progress
    from edgeprof.optimizing import run, view

    if lists:
        click.echo(_steps(model))
        return 0
    request = run.Request(
        source=model,
        folder=folder or model.with_name(f"{model.stem}-variants"),
        target=target,
        set_name=set_name,
        gates=gates,
        steps=steps,
        calibrating=calibrating,
        repeats=repeats,
        hub=hub,
        token=token_from(token_file) if token_file else None,
        options={"threads": threads, "window_s": window_s, **sizes_of(shapes, dims)},
    )
    found = run.optimize(request, lambda line: click.echo(line, err=True), shown_progress())
    click.echo(view.json_of(found) if as_json else view.text_of(found))
    return 0


def _steps(model: "Path") -> str:
    from edgeprof.optimizing.making import steps_of
    from edgeprof.tables.columns import table

    return "\n".join(table([("step", "what it makes", "needs"), *steps_of(model)], left=3))
