"""Building our own models: the steps of a family's recipes, each once, in one folder."""

import importlib
import os
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import cast

from edgeprof.errors import UsageError
from edgeprof.privacy import NO_TELEMETRY
from edgeprof_exports import bundle, catalogue
from edgeprof_exports.recipe import Recipe
from edgeprof_exports.steps import tools

STEPS = ("train", "export_onnx", "quantize_onnx", "export_tflite", "quantize_tflite", "evaluate")
"""Every step, in the order in which they run; each is a module of `steps` with `run(folder)`."""

LOG = "build.log"
"""The converters' output, which is long."""

Say = Callable[[str], None]


def build(name: str, folder: Path, say: Say) -> bundle.BuildRecord:
    """Builds the whole family of `name` into `folder`. Raises EdgeprofError where that cannot be done."""
    steps = steps_of(_family_of(name, catalogue.load_recipes().values()))
    tools.check_python()
    os.environ.update(NO_TELEMETRY)
    folder.mkdir(parents=True, exist_ok=True)
    for step in steps:
        say(f"{step} ...")
        with (folder / LOG).open("a") as log, redirect_stdout(log), redirect_stderr(log):
            _run_of(step)(folder)
    return bundle.load(folder)


def steps_of(recipes: Iterable[Recipe]) -> list[str]:
    """The steps that these recipes need, each once and in order."""
    wanted = {step for recipe in recipes for step in recipe.build}
    return [step for step in STEPS if step in wanted]


def _family_of(name: str, recipes: Iterable[Recipe]) -> list[Recipe]:
    """All built recipes of the family that is called `name` or has a recipe of that name."""
    built = [recipe for recipe in recipes if recipe.build]
    families = {recipe.family for recipe in built if name in (recipe.name, recipe.family)}
    if not families:
        names = sorted({recipe.family for recipe in built})
        raise UsageError(
            "not_buildable", f"{name!r} has no build steps. Families with build steps: {', '.join(names)}."
        )
    return [recipe for recipe in built if recipe.family in families]


def _run_of(step: str) -> Callable[[Path], None]:
    return cast(Callable[[Path], None], importlib.import_module(f"edgeprof_exports.steps.{step}").run)
