"""Every recipe that we ship, by name, and the hub's record of a model made from one."""

from functools import cache
from pathlib import Path

from edgeprof.errors import UsageError
from edgeprof.modelfiles import ModelFile
from edgeprof.wire import identity, rest
from edgeprof_exports import bundle
from edgeprof_exports.recipe import BundledFile, QuantizedFile, Recipe, read

FOLDER = Path(__file__).with_name("recipes")


@cache
def load_recipes() -> dict[str, Recipe]:
    """All recipes, by name, in alphabetical order."""
    recipes = [read(path) for path in sorted(FOLDER.glob("*.toml"))]
    return {recipe.name: recipe for recipe in recipes}


def recipe_named(name: str) -> Recipe:
    """The recipe of that name. Raises UsageError that lists the names."""
    recipes = load_recipes()
    if name not in recipes:
        raise UsageError("unknown_recipe", f"No recipe {name!r}. Recipes: {', '.join(recipes)}.")
    return recipes[name]


def size_bytes(recipe: Recipe) -> int:
    """How large the model file is."""
    if isinstance(recipe.source, BundledFile):
        return bundle.load().files[recipe.source.file].size_bytes
    return recipe.source.size_bytes


def origin(recipe: Recipe) -> str:
    """Where the bytes come from, in one line."""
    if isinstance(recipe.source, BundledFile):
        return f"edgeprof, bundled: {recipe.source.file}"
    if isinstance(recipe.source, QuantizedFile):
        return f"quantized from {recipe.source.recipe} by {recipe.source.package} {recipe.source.version}"
    return f"{recipe.source.package} {recipe.source.version}: {recipe.source.member}"


def record_of(recipe: Recipe, model_file: ModelFile) -> rest.ModelRecord:
    """The hub's record of the recipe's file. Accuracy only where we measured it ourselves."""
    accuracy, accuracy_on = _accuracy(recipe)
    return rest.ModelRecord(
        model_id=identity.model_id(model_file.manifest),
        name=recipe.name,
        family=recipe.family,
        variant=recipe.variant,
        quantization=recipe.quantization,
        format=model_file.format,
        manifest=model_file.manifest,
        size_bytes=sum(file.size for file in model_file.manifest.files),
        task=recipe.task,
        licence=recipe.licence,
        source=origin(recipe),
        accuracy=accuracy,
        accuracy_on=accuracy_on,
        input_shapes=recipe.input_shapes,
    )


def _accuracy(recipe: Recipe) -> tuple[float | None, str | None]:
    if not isinstance(recipe.source, BundledFile):
        return None, None
    known = bundle.load()
    return known.files[recipe.source.file].accuracy, f"{known.test_images} test images of {known.dataset}"
