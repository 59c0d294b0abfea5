"""`edgeprof set perturb` and `edgeprof set generate`: sets made from sets, and sets made by a seed."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from edgeprof.commands.options import FilePath, FiniteRange
from edgeprof.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from edgeprof.quality.parameters import Parameter

MAX_SEED = 2**32 - 1


@click.command()
@click.argument("set_name", metavar="[NAME|FOLDER]", required=False)
@click.option("--with", "steps", multiple=True, metavar="STEP", help="What to do, as noise:sigma=0.1. May be repeated.")
@click.option("--seed", type=click.IntRange(0, MAX_SEED), default=1, show_default=True, help="Seed of random changes.")
@click.option("--items", type=click.IntRange(1), help="Take only the first N items.")
@click.option("--out", type=FilePath(), help="Folder of the new set.")
@click.option("--list", "is_list", is_flag=True, help="List the steps and their parameters.")
def perturb(
    set_name: str | None, steps: tuple[str, ...], seed: int, items: int | None, out: "Path | None", is_list: bool
) -> None:
    """Make a perturbed set: noise, blur, typing errors and others, with the items' ids unchanged.

    Evaluate a model on the set and on its parent. The difference of the two is paired item by item.
    """
    from edgeprof.quality.packaged.resolve import resolve_set
    from edgeprof.quality.perturbations.base import parse_step
    from edgeprof.quality.perturbations.derive import derive
    from edgeprof.quality.perturbations.table import PERTURBATIONS

    if is_list:
        click.echo(_listed((kind.name, kind.title, kind.parameters) for kind in PERTURBATIONS.values()))
        return
    if set_name is None or out is None or not steps:
        raise UsageError("bad_usage", "Name a set, at least one step and a folder: SET --with noise --out FOLDER.")
    wanted = [parse_step(step, PERTURBATIONS, seed) for step in steps]
    folder = resolve_set(set_name, lambda line: click.echo(f"  {line}", err=True)).folder
    found = derive(folder, wanted, out, items=items)
    made = found.made
    click.echo(f"{made.facts.name}: {len(made.items):,} items, {made.set_id[:12]}, in {out}")
    click.echo(f"  {made.facts.perturbation}; {found.changed:,} of {found.parents:,} items differ from the parent's")


@click.command()
@click.argument("set_name", metavar="NAME|FOLDER")
@click.option("--model", type=FilePath(), required=True, help="ONNX classifier whose scores guide the search.")
@click.option(
    "--epsilon",
    type=FiniteRange(0, 1),
    default=0.05,
    show_default=True,
    help="Bound on every pixel, as a share of the white level.",
)
@click.option("--tries", type=click.IntRange(1, 100_000), default=200, show_default=True, help="Tries for each item.")
@click.option("--seed", type=click.IntRange(0, MAX_SEED), default=1, show_default=True, help="Seed of the search.")
@click.option("--items", type=click.IntRange(1), help="Take only the first N items.")
@click.option("--out", type=FilePath(), required=True, help="Folder of the new set.")
def attack(set_name: str, model: "Path", epsilon: float, tries: int, seed: int, items: int | None, out: "Path") -> None:
    """Make a set against a model: images changed within a bound by a random search on the model's scores.

    It runs on this machine, in ONNX Runtime. Evaluate any model on the set: what fools one often fools its variants.
    """
    from importlib import import_module

    from edgeprof.modelfiles import inspect
    from edgeprof.quality.packaged.resolve import resolve_set
    from edgeprof.quality.perturbations.attack import attack as attack_set
    from edgeprof.wire.identity import model_id

    found, folder = resolve_set(set_name, lambda line: click.echo(f"  {line}", err=True))
    margins = import_module("edgeprof_agent.evaluating.onnx_margins").OnnxMargins(model, found.facts)
    made = attack_set(
        folder,
        margins.margin,
        model_id(inspect(model).manifest),
        out,
        epsilon=epsilon,
        tries=tries,
        seed=seed,
        items=items,
    )
    new = made.derived.made
    click.echo(f"{new.facts.name}: {len(new.items):,} items, {new.set_id[:12]}, in {out}")
    click.echo(f"  {new.facts.perturbation}; {made.calls:,} calls of the model")
    click.echo(f"  {made.fooled:,} of the {made.right:,} items that the model has right are wrong within the bound")


@click.command()
@click.argument("generator", required=False, metavar="[GENERATOR]")
@click.option("--seed", type=click.IntRange(0, MAX_SEED), default=1, show_default=True, help="Seed of the items.")
@click.option("--out", type=FilePath(), help="Folder of the new set.")
@click.option("--list", "is_list", is_flag=True, help="List the generators and their parameters.")
def generate(generator: str | None, seed: int, out: "Path | None", is_list: bool) -> None:
    """Make a set from a seed: retrieval at a depth, recall, reasoning, paraphrases, counterfactual pairs.

    GENERATOR is a name with its parameters, as needle:max_tokens=4096,each=10. The same seed makes the same set.
    """
    from dataclasses import replace

    from edgeprof.quality.generated.base import parse_recipe
    from edgeprof.quality.generated.table import GENERATORS
    from edgeprof.quality.sets import write_set

    if is_list:
        click.echo(_listed((kind.name, kind.title, kind.parameters) for kind in GENERATORS.values()))
        return
    if generator is None or out is None:
        raise UsageError("bad_usage", "Name a generator and a folder: needle --out FOLDER. `--list` shows all.")
    facts, items = parse_recipe(generator, GENERATORS, seed).make()
    made = write_set(out, replace(facts, name=out.resolve().name), items)
    click.echo(f"{made.facts.name}: {len(made.items):,} items, {made.set_id[:12]}, in {out}")


def _listed(kinds: "Iterable[tuple[str, str, Sequence[Parameter]]]") -> str:
    """A line a kind, and below it a line a parameter."""
    from edgeprof.tables.columns import table

    lines: list[str] = []
    for name, title, parameters in kinds:
        lines.append(f"{name}  {title}")
        rows = [(each.name, f"{each.default}", each.words_or_range, each.meaning) for each in parameters]
        lines += list(table(rows, left=4, indent=4)) if rows else []
    return "\n".join(lines)
