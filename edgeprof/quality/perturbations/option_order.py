"""The choices of a multiple-choice item in another order; the right one stays the right one."""

import random
from collections.abc import Sequence
from typing import Any

from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.parameters import Values
from edgeprof.quality.perturbations.base import ItemPerturbation


def _reordered(item: Item, facts: SetFacts, values: Values, stream: random.Random) -> Sequence[Item]:
    choices: list[Any] = item["choices"] if isinstance(item.get("choices"), list) else []
    if len(choices) < 2:
        return (item,)
    order = list(range(len(choices)))
    stream.shuffle(order)
    if order == sorted(order):
        order = order[1:] + order[:1]
    return ({**item, "choices": [choices[place] for place in order], "label": order.index(item["label"])},)


OPTION_ORDER = ItemPerturbation(name="option-order", title="Order of the choices", change=_reordered)
