"""Each item several times: whether a model gives one answer to one question."""

import random
from collections.abc import Sequence

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.groups import GROUP, member_id
from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import ItemPerturbation


def _repeated(item: Item, facts: SetFacts, values: Values, stream: random.Random) -> Sequence[Item]:
    places = range(1, int(values["times"]) + 1)
    return [
        {**item, "id": member_id(item["id"], place), GROUP: item["id"], **_sampling(values, place)} for place in places
    ]


def _sampling(values: Values, place: int) -> dict[str, float | int]:
    """At a temperature above 0, a seed for each repeat: tasks with generated answers read both."""
    temperature = float(values["temperature"])
    return {"temperature": temperature, "seed": place} if temperature else {}


REPEATS = ItemPerturbation(
    name="repeats",
    title="Repeats",
    parameters=(
        Parameter(name="times", default=3, low=2, high=20, meaning="times that each item is asked"),
        Parameter(
            name="temperature",
            default=0.0,
            high=2,
            meaning="of generated answers; above 0 each has its seed",
        ),
    ),
    change=_repeated,
)
