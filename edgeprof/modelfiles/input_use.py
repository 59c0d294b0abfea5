"""One input of a model, and what the operators that read it do with it."""

from dataclasses import dataclass
from typing import Literal

Role = Literal[
    "axes",
    "begins",
    "condition",
    "count",
    "depth",
    "divisor",
    "ends",
    "index",
    "k",
    "key_lengths",
    "length",
    "mask",
    "nothing",
    "one",
    "scales",
    "shape",
    "size",
    "sizes",
    "splits",
    "step",
    "times",
]
"""What an operator does with an input. `docs/measuring-tensor.md` has the value that is made for each."""


@dataclass(frozen=True)
class Use:
    """One use. `limit`: how many rows an index may choose from. `of`, `axis`: the model's own input that is indexed,
    reshaped, gone through; empty where it is none of them.

    A number of things is `scale` x the input + `shift`; a scale of 0 is a factor that only a run knows. `plus` is an
    input whose axis 1 adds to the length.
    """

    role: Role
    limit: int | None = None
    of: str = ""
    axis: int = 0
    scale: float = 1.0
    shift: float = 0.0
    plus: str = ""


@dataclass(frozen=True)
class InputUse:
    """One input, by its name in the file. `has_rank` is False where even the number of dimensions is open.

    `likely_rank` is then the number that its first reader needs, where that shows it.
    """

    name: str
    has_rank: bool = True
    uses: tuple[Use, ...] = ()
    likely_rank: int | None = None
