"""`edgeprof models`: lists recipes, fetches their files, builds the bundled models."""

from pathlib import Path

import click

from edgeprof.errors import UsageError
from edgeprof.modelfiles import inspect
from edgeprof_exports import bundle, catalogue, fetch
from edgeprof_exports.build import build as build_family
from edgeprof_exports.recipe import Recipe


@click.group()
def models() -> None:
    """List, fetch or build the models that have recipes."""


@models.command("list")
def list_() -> None:
    """List every recipe with its licence and source."""
    head = ("recipe", "format", "weights", "size", "licence", "cached", "task", "source")
    click.echo(_aligned([head, *(_row(recipe) for recipe in catalogue.load_recipes().values())]))


@models.command("fetch")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="Fetch all models.")
def fetch_(names: tuple[str, ...], everything: bool) -> None:
    """Fetch models into the cache and print their paths.

    A cached file is checked by its hash and not fetched again.
    """
    if everything == bool(names):
        raise UsageError("no_recipe", "Name the models (see `edgeprof models list`), or use --all.")
    recipes = [catalogue.recipe_named(name) for name in names] if names else list(catalogue.load_recipes().values())
    for recipe in recipes:
        path = fetch.ensure(recipe, lambda line: click.echo(f"  {line}", err=True))
        inspect(path)
        click.echo(f"{recipe.name}: {recipe.licence}, by {recipe.made_by}", err=True)
        click.echo(path)


@models.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the files.  [default: ./NAME-build]")
def build(name: str, out: Path | None) -> None:
    """Build a bundled model family from its data: train, export, quantize, evaluate.

    Needs Python 3.11 and the extra `exports`.
    """
    folder = out or Path(f"{name}-build")
    made = build_family(name, folder, click.echo)
    click.echo(f"\n{folder}: accuracy {made.trained_accuracy:.3f} on {made.test_images} test images after training")
    click.echo(_aligned([("file", "bytes", "accuracy", "vs shipped"), *_built_rows(made)]))


def _row(recipe: Recipe) -> tuple[str, ...]:
    return (
        recipe.name,
        recipe.format,
        recipe.quantization,
        f"{catalogue.size_bytes(recipe) / 2**20:.2f} MiB",
        recipe.licence,
        "yes" if fetch.is_here(recipe) else "no",
        recipe.task,
        catalogue.origin(recipe),
    )


def _built_rows(made: bundle.BuildRecord) -> list[tuple[str, ...]]:
    shipped = bundle.load().files
    return [
        (
            name,
            f"{file.size_bytes:,}",
            f"{file.accuracy:.3f}",
            "identical" if name in shipped and shipped[name].sha256 == file.sha256 else "different",
        )
        for name, file in made.files.items()
    ]


def _aligned(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
