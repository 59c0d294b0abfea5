"""What a perturbation is: its name, its parameters, and one function from a part of an item to its changed form.

Each kind changes one thing and nothing else, so that a lower score has one cause. A change rests on the seed and the
item's id alone: neither the order of the items nor how many there are decides what becomes of one.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edgeprof.errors import UsageError
from edgeprof.quality.evaluation_set import Item, SetFacts
from edgeprof.quality.parameters import Parameter, Values, canonical, parse_values, seed_of


@dataclass(frozen=True, kw_only=True)
class Named:
    """What every kind has."""

    name: str
    title: str
    parameters: tuple[Parameter, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PixelPerturbation(Named):
    """Changes images. `change(pixels, values, stream)`: numpy float64 [height, width, channels], 0 to 1, and the same
    shape back (values outside 0 to 1 are clipped). `stream` is a `numpy.random.RandomState`, whose numbers are frozen.
    """

    change: Callable[[Any, Values, Any], Any]
    change_of: "Callable[[Item], Callable[[Any, Values, Any], Any]] | None" = None
    """Where the change rests on more of the item than its pixels, as on its label."""


@dataclass(frozen=True, kw_only=True)
class SoundPerturbation(Named):
    """Changes sounds. `change(samples, rate_hz, values, stream)`: float64 [frames, channels], -1 to 1; shape stays."""

    change: Callable[[Any, int, Values, Any], Any]


@dataclass(frozen=True, kw_only=True)
class TextPerturbation(Named):
    """Changes the texts that fill the slots of a set's template; never the answer."""

    change: Callable[[str, Values, random.Random], str]
    language: str = ""
    """The one that its own words are in; empty: it has none."""


@dataclass(frozen=True, kw_only=True)
class ItemPerturbation(Named):
    """Changes items as a whole, or makes several of one."""

    change: Callable[[Item, SetFacts, Values, random.Random], Sequence[Item]]


Perturbation = PixelPerturbation | SoundPerturbation | TextPerturbation | ItemPerturbation


@dataclass(frozen=True)
class Step:
    """A perturbation with its values and its seed: what is done to a set."""

    kind: Perturbation
    values: Values
    seed: int

    @property
    def canonical(self) -> str:
        """Every parameter, in the order of its declaration, and the seed: `noise(sigma=0.1, seed=1)`."""
        return canonical(self.kind.name, self.kind.parameters, self.values, self.seed)

    def item_seed(self, item_id: str) -> int:
        """32 bits from the step and the item's id."""
        return seed_of(self.canonical, item_id)


def parse_step(text: str, kinds: Mapping[str, Perturbation], seed: int) -> Step:
    """A step from its text, as `noise:sigma=0.1`. Left out parameters are at their default.

    Raises UsageError `bad_perturbation`.
    """
    name, _, rest = text.partition(":")
    kind = kinds.get(name)
    if kind is None:
        raise UsageError("bad_perturbation", f"{name!r} is not a perturbation. Use one of {', '.join(kinds)}.")
    try:
        return Step(kind, parse_values(name, kind.parameters, rest), seed)
    except ValueError as error:
        raise UsageError("bad_perturbation", str(error)) from None
