"""Each item several times: whether a model gives one answer to one question."""

import random
from collections.abc import Sequence

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.groups import GROUP, member_id
from edgeprof.quality.parameters import Parameter, Values
from edgeprof.quality.perturbations.base import ItemPerturbation


def _repeated(item: Item, facts: SetFacts, values: Values, stream: random.Random) -> Sequence[Item]:
    return [
        {**item, "id": member_id(item["id"], place), GROUP: item["id"]} for place in range(1, int(values["times"]) + 1)
    ]


REPEATS = ItemPerturbation(
    name="repeats",
    title="Repeats",
    parameters=(Parameter(name="times", default=3, low=2, high=20, meaning="times that each item is asked"),),
    change=_repeated,
)
