"""Every packaged set, by name."""

import difflib
from functools import cache
from pathlib import Path

from edgeprof.errors import UsageError
from edgeprof.quality.packaged.recipe import SetRecipe, read

FOLDER = Path(__file__).with_name("recipes")
BUNDLED = Path(__file__).with_name("bundled")


@cache
def load_recipes() -> dict[str, SetRecipe]:
    """All recipes, by name, in alphabetical order."""
    recipes = [read(path) for path in sorted(FOLDER.glob("*.toml"))]
    return {recipe.name: recipe for recipe in recipes}


def recipe_named(name: str) -> SetRecipe:
    """The recipe of that name. Raises UsageError `unknown_set` with the names that are close."""
    recipes = load_recipes()
    if name not in recipes:
        close = difflib.get_close_matches(name, recipes, 3)
        meant = f" Did you mean {' or '.join(close)}?" if close else ""
        raise UsageError("unknown_set", f"No set {name!r}.{meant} List them: `edgeprof set list`; or name a folder.")
    return recipes[name]


def name_of(set_id: str) -> str:
    """The packaged set with this id; empty where none has it."""
    return next((name for name, recipe in load_recipes().items() if recipe.set_id == set_id), "")
