"""One input as a model declares it, and what can be fed for it. Imports numpy: worker side only."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from edgeprof_agent.runtimes.element_types import ElementType, Tensor
from edgeprof_agent.worker_protocol.document import InputUse

Size = int | str | None
Feed = Tensor | list[Tensor] | None
"""A tensor, a sequence of tensors, or an optional input that is left out."""
Container = Literal["tensor", "sequence", "optional", "optional sequence"]
Rank = Literal["known", "open", "unsure"]
"""`unsure`: the runtime reports no sizes, which may mean a scalar or anything. A scalar, unless sizes are given."""


class Declared(NamedTuple):
    """One input; a size that is no number is open.

    `likely_rank` is for an example of an input of any number of dimensions.

    `dtype` is what its values are made and given in; `element` is the model's own type where numpy has none.
    """

    name: str
    dtype: "np.dtype[np.generic]"
    sizes: Sequence[Size]
    element: ElementType | None = None
    element_name: str = ""
    container: Container = "tensor"
    rank: Rank = "known"
    uses: Sequence[InputUse] = ()
    likely_rank: int = 2

    @property
    def takes_text(self) -> bool:
        """Whether its elements are strings."""
        return self.dtype.kind == "U"

    @property
    def type_name(self) -> str:
        """`float32`, `bfloat16`, `string`"""
        return self.element_name or ("string" if self.takes_text else str(self.dtype))


def sizes_text(sizes: Sequence[Size]) -> str:
    """`batch,3,?`"""
    return ",".join("?" if size is None else str(size) for size in sizes)


def describe(each: Declared, feed: Feed) -> str:
    """`float32[1,3,224,224]`"""
    if feed is None:
        return "left out"
    if isinstance(feed, list):
        shown = f"{each.type_name}[{sizes_text(feed[0].shape)}]" if feed else each.type_name
        return f"sequence of {len(feed)} {shown}"
    return f"{each.type_name}[{sizes_text(feed.shape)}]"
