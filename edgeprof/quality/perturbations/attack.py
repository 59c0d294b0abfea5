"""A set against one model: each image changed within a bound by a random search on the model's own scores."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeprof.errors import UsageError
from edgeprof.quality.evaluation_set import EvaluationSet, Item
from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import PixelPerturbation, Step
from edgeprof.quality.perturbations.derive import Derived, derive
from edgeprof.quality.perturbations.images import white_level
from edgeprof.quality.perturbations.random_search import Found, random_search
from edgeprof.quality.sets import read_set

MarginOf = Callable[[Any, int], float]
"""An image as it is stored, [height, width, channels], and its label: the score of that class minus the best other."""
FILE_LEVELS = 255
TASK = "image-classification"


@dataclass(frozen=True, kw_only=True)
class Attacked:
    """The new set; how many items the model had right, how many of those it has wrong within the bound."""

    derived: Derived
    right: int
    fooled: int
    calls: int


def attack(
    folder: Path,
    margin_of: MarginOf,
    model_id: str,
    out: Path,
    *,
    epsilon: float,
    tries: int,
    seed: int = 1,
    items: int | None = None,
) -> Attacked:
    """Writes the set `out`, whose images lie within `epsilon` of the parent's, a share of the white level.

    The bound holds for what is stored: it is rounded down to whole steps of the image. Raises UsageError `bad_attack`,
    and as `derive`.
    """
    import numpy as np

    parent = read_set(folder)
    levels, kind_of_values = _levels(folder, parent)
    is_whole = bool(np.issubdtype(kind_of_values, np.integer))
    bound = math.floor(epsilon * levels + 1e-9) / levels if is_whole else epsilon
    if bound <= 0:
        raise UsageError("bad_attack", f"epsilon {epsilon:g} is below one step of these images. Use {1 / levels:.3f}.")
    found: list[Found] = []

    def label_of(item: Item) -> int:
        label = item["label"]
        return parent.facts.classes.index(label) if isinstance(label, str) else label

    def change_of(item: Item) -> Callable[[Any, Values, Any], Any]:
        def margin(pixels: Any) -> float:
            values = pixels * levels
            return margin_of(
                np.rint(values).astype(np.uint8) if is_whole else values.astype(np.float32), label_of(item)
            )

        def change(pixels: Any, values: Values, stream: Any) -> Any:
            found.append(random_search(pixels, margin, bound, tries, stream))
            return found[-1].pixels

        return change

    kind = PixelPerturbation(
        name="random-search",
        title="Random search on a model's scores",
        parameters=tuple(
            Parameter(name=name, default=default, meaning="")
            for name, default in (("epsilon", epsilon), ("tries", tries), ("model", ""))
        ),
        change=lambda pixels, values, stream: pixels,
        change_of=change_of,
    )
    step = Step(kind, {"epsilon": epsilon, "tries": tries, "model": model_id[:12]}, seed)
    derived = derive(folder, [step], out, items=items)
    return Attacked(
        derived=derived,
        right=sum(each.before > 0 for each in found),
        fooled=sum(each.is_fooled for each in found),
        calls=sum(each.calls for each in found),
    )


def _levels(folder: Path, parent: EvaluationSet) -> tuple[float, Any]:
    """What stands for white, and the type of the stored values."""
    import numpy as np

    if parent.facts.task != TASK:
        raise UsageError("bad_attack", f"{parent.facts.name} is a set of {parent.facts.task}. Use one of {TASK}.")
    if not any("row" in item for item in parent.items):
        return FILE_LEVELS, np.uint8
    rows = np.load(folder / parent.facts.preparation["array"], allow_pickle=False)
    return white_level(rows), rows.dtype
