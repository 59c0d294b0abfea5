"""The randomization test of paired scores: what chance makes of a difference if A and B could be swapped item by item.

Fisher 1935; for scores of items: Smucker, Allan and Carterette, CIKM 2007. It assumes no distribution.
"""

import math
import random
from collections.abc import Callable, Sequence
from itertools import compress
from typing import TypeVar

T = TypeVar("T")

_EXACT_UP_TO = 12
"""Differing items whose sign patterns are all tried: 4,096."""
_NORMAL_FROM = 1_000
_DRAWS = 2_000
_BITS = bytes(byte - 48 if byte in (48, 49) else 0 for byte in range(256))


def sign_flip_p(differences: Sequence[float], draw: random.Random) -> float:
    """Two-sided p of a mean difference of 0: the share of sign patterns with a sum at least as far from 0.

    All patterns up to 12 differing items, 2,000 drawn ones up to 1,000, then the normal distribution of their sum.

    >>> sign_flip_p([1.0] * 6 + [0.0] * 94, random.Random(1))
    0.03125
    """
    sizes = [abs(difference) for difference in differences if difference]
    observed = abs(math.fsum(differences)) * (1 - 1e-12)
    if not sizes:
        return 1.0
    if len(sizes) > _NORMAL_FROM:
        return math.erfc(observed / math.sqrt(2 * math.fsum(size * size for size in sizes)))
    total, k = math.fsum(sizes), len(sizes)
    if k <= _EXACT_UP_TO:
        return sum(abs(2 * _kept(sizes, bits) - total) >= observed for bits in range(2**k)) / 2**k
    hits = sum(abs(2 * _kept(sizes, draw.getrandbits(k)) - total) >= observed for _ in range(_DRAWS))
    return (1 + hits) / (1 + _DRAWS)


def swap_p(
    a: Sequence[T],
    b: Sequence[T],
    difference: Callable[[Sequence[T], Sequence[T]], float],
    draw: random.Random,
    draws: int,
) -> float:
    """The same for any figure: `difference(a, b)` is B's minus A's; each draw swaps about half of the items.

    `draws` of at least 40: with fewer, no p of 5 % or less could come out.
    """
    observed = abs(difference(a, b)) * (1 - 1e-12)
    hits = 0
    for _ in range(draws):
        swaps = [draw.random() < 0.5 for _ in a]
        one = [y if swap else x for x, y, swap in zip(a, b, swaps, strict=True)]
        other = [x if swap else y for x, y, swap in zip(a, b, swaps, strict=True)]
        hits += abs(difference(one, other)) >= observed
    return (1 + hits) / (1 + draws)


def _kept(sizes: Sequence[float], bits: int) -> float:
    return sum(compress(sizes, format(bits, f"0{len(sizes)}b").encode().translate(_BITS)))
