"""A LiteRT profile's events matched with the operators of the file. Pure.

XNNPACK names its kernels and not the operators that they come from. It keeps their order, and fuses or adds some: a
kernel's tensors are known where a kind of operator has as many kernels as operators.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from edgeprof_agent.operator_profile.litert_library import DELEGATE_OPERATOR, DELEGATE_PROFILED, OPERATOR, Event

_PRODUCTS = frozenset(("CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "BATCH_MATMUL", "CONV_3D"))
_KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    # how a kernel's name begins, which operators become one
    ("Convolution", _PRODUCTS),
    ("Deconvolution", _PRODUCTS),
    ("Fully Connected", _PRODUCTS),
    ("Batch Matrix Multiply", _PRODUCTS),
    ("Add", frozenset(("ADD",))),
    ("Subtract", frozenset(("SUB",))),
    ("Multiply", frozenset(("MUL",))),
    ("Divide", frozenset(("DIV",))),
    ("Max Pooling", frozenset(("MAX_POOL_2D",))),
    ("Average Pooling", frozenset(("AVERAGE_POOL_2D",))),
    ("PReLU", frozenset(("PRELU",))),
    ("Sigmoid", frozenset(("LOGISTIC",))),
    ("Softmax", frozenset(("SOFTMAX",))),
    ("Resize Bilinear", frozenset(("RESIZE_BILINEAR",))),
    ("Constant Pad", frozenset(("PAD", "PADV2"))),
    ("Hard Swish", frozenset(("HARD_SWISH",))),
)
_EIGHT_BITS = re.compile(r"Q[A-Z]?8")


class Matched(NamedTuple):
    """One event of a node, and the place of its operator in the file; None where no operator could be told."""

    event: Event
    operator: int | None


def node_events(events: Sequence[Event]) -> list[Event]:
    """Those that stand for a node's own time: a delegate's kernels in the place of the delegate."""
    own = [each for each in events if each.type in (OPERATOR, DELEGATE_OPERATOR, DELEGATE_PROFILED)]
    return [each for each in own if each.type != OPERATOR or not each.tag.startswith("TfLite")]


def matched(events: Sequence[Event], operators: Sequence[str], delegated: Sequence[bool]) -> list[Matched]:
    """`operators`: the file's, in its order; `delegated`: which of them a delegate took."""
    found: dict[int, int] = {}
    for kind in {id(each): each for _, each in _KINDS}.values():
        kernels = [place for place, event in enumerate(events) if _kind(event) is kind]
        places = [place for place, name in enumerate(operators) if name in kind and delegated[place]]
        if len(kernels) == len(places):
            found |= dict(zip(kernels, places, strict=True))
    builtin = [place for place, event in enumerate(events) if event.type == OPERATOR]
    left = [place for place in range(len(operators)) if not delegated[place]]
    if [events[place].tag for place in builtin] == [operators[place] for place in left]:
        found |= dict(zip(builtin, left, strict=True))
    return [Matched(event, found.get(place)) for place, event in enumerate(events)]


def _kind(event: Event) -> "frozenset[str] | None":
    if event.type == OPERATOR:
        return None
    return next((kind for start, kind in _KINDS if event.tag.startswith(start)), None)


def precision_of(event: Event) -> str:
    """What a product's kernel multiplies in; empty for a kernel without products.

    >>> precision_of(Event("Fully Connected (NC, QD8, F32, QC8W) GEMM", 8, 0, 1))
    'int8'
    >>> precision_of(Event("Convolution (NHWC, F32) IGEMM", 8, 0, 1)), precision_of(Event("Add (ND)", 8, 0, 1))
    ('fp32', '')
    """
    if _kind(event) is not _PRODUCTS and event.tag not in _PRODUCTS:
        return ""
    if _EIGHT_BITS.search(event.tag):
        return "int8"
    return "fp16" if "F16" in event.tag else "fp32"
