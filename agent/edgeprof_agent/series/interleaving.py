"""In which order several set-ups are run on one device, so that its drift is shared and not laid on one of them. Pure.

Randomized complete blocks (Box, Hunter and Hunter, Statistics for Experimenters, 2nd ed., chapter 4): a block visits
every set-up once, in an order of its own, so that whatever changes from block to block changes for all. Of two set-ups,
every second block is the mirror of the one before it: A B B A, in which a linear drift cancels.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Turn:
    """One run of the series. All numbers but `setup`, an index, start at 1; `repeat` counts the runs of its set-up."""

    number: int
    block: int
    setup: int
    repeat: int


def interleaved(setups: int, repeats: int, seed: int) -> tuple[Turn, ...]:
    """Every turn in order: `repeats` blocks of all set-ups. The same seed gives the same order."""
    if setups < 1 or repeats < 1:
        raise ValueError("A series needs at least one set-up and one repeat.")
    draw = random.Random(seed)
    turns: list[Turn] = []
    order: list[int] = []
    for block in range(1, repeats + 1):
        order = order[::-1] if setups == 2 and block % 2 == 0 else _shuffled(setups, draw)
        turns += [Turn(len(turns) + at, block, setup, block) for at, setup in enumerate(order, 1)]
    return tuple(turns)


def order_of(turns: Sequence[Turn], blocks: int | None = None) -> str:
    """The set-ups' numbers in order, a bar between blocks: `1 2 | 2 1`. `blocks`: how many of them to tell at most."""
    told: dict[int, list[str]] = {}
    for turn in turns:
        told.setdefault(turn.block, []).append(str(turn.setup + 1))
    shown = list(told.values())[:blocks]
    more = f" | and {len(told) - len(shown)} blocks more" if len(told) > len(shown) else ""
    return " | ".join(" ".join(block) for block in shown) + more


def _shuffled(setups: int, draw: random.Random) -> list[int]:
    order = list(range(setups))
    draw.shuffle(order)
    return order
