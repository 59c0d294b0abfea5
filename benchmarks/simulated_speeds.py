"""Speeds of a simulated machine in time: independent samples, dependent ones, drift, two speeds, stalls. Pure.

A speed gives the factor of the next sample at a moment, in seconds since the run began.
"""

import math
import random
import statistics
from collections.abc import Callable
from functools import lru_cache

Speed = Callable[[float], float]
Machine = Callable[[random.Random], Speed]
"""One run's speed; runs of a machine differ."""

_MEMORY_S = 1.0


def scattering(sigma: float) -> Machine:
    """Independent, lognormal."""

    def machine(draw: random.Random) -> Speed:
        return lambda at_s: math.exp(sigma * draw.gauss(0, 1))

    return machine


def dependent(draw: random.Random) -> Speed:
    """First-order autoregression of 0.9 from sample to sample, 3 % wide."""
    state = draw.gauss(0, 1)

    def speed(at_s: float) -> float:
        nonlocal state
        state = 0.9 * state + math.sqrt(1 - 0.81) * draw.gauss(0, 1)
        return math.exp(0.03 * state)

    return speed


def wandering(draw: random.Random) -> Speed:
    """3 % of noise on a level that wanders by 1 % and forgets within a second (Ornstein and Uhlenbeck)."""
    state, last_s = draw.gauss(0, 1), 0.0

    def speed(at_s: float) -> float:
        nonlocal state, last_s
        keep = math.exp(-(at_s - last_s) / _MEMORY_S)
        state, last_s = keep * state + math.sqrt(max(0.0, 1 - keep * keep)) * draw.gauss(0, 1), at_s
        return math.exp(0.01 * state + 0.03 * draw.gauss(0, 1))

    return speed


def drifting(draw: random.Random) -> Speed:
    """3 % of noise; each run slows down or speeds up on its way, typically by 2 % in 10 s, and levels off in 3 s."""
    slope = draw.gauss(0, 0.02)
    return lambda at_s: math.exp(slope * math.exp(-at_s / 3) + 0.03 * draw.gauss(0, 1))


def two_speeds(draw: random.Random) -> Speed:
    """8 % apart, 30 % of the time in the slower one, for 0.2 s on average."""
    return _spells(draw, 1.08, 0.2, 0.3, 0.01)


def busy_spells(draw: random.Random) -> Speed:
    """Another program slows the machine down by 40 %, for 0.5 s on average, a fifth of the time."""
    return _spells(draw, 1.4, 0.5, 0.2, 0.02)


def stalling(draw: random.Random) -> Speed:
    """2 % of noise, and once a second a stall of ten times a sample."""
    next_s = draw.random()

    def speed(at_s: float) -> float:
        nonlocal next_s
        if at_s >= next_s:
            next_s = at_s + 1
            return 10.0
        return math.exp(0.02 * draw.gauss(0, 1))

    return speed


def _spells(draw: random.Random, slower: float, mean_s: float, share: float, sigma: float) -> Speed:
    slow, until_s = draw.random() < share, 0.0
    lengths_s = {True: mean_s, False: mean_s * (1 - share) / share}
    until_s = draw.expovariate(1 / lengths_s[slow])

    def speed(at_s: float) -> float:
        nonlocal slow, until_s
        while at_s >= until_s:
            slow = not slow
            until_s += draw.expovariate(1 / lengths_s[slow])
        return (slower if slow else 1.0) * math.exp(sigma * draw.gauss(0, 1))

    return speed


MACHINES: dict[str, Machine] = {
    "lognormal 1 %": scattering(0.01),
    "lognormal 3 %": scattering(0.03),
    "lognormal 10 %": scattering(0.10),
    "AR(1) 0.9": dependent,
    "wandering": wandering,
    "drift": drifting,
    "two speeds": two_speeds,
    "busy spells": busy_spells,
    "stalls": stalling,
}


@lru_cache(maxsize=64)
def true_median(name: str, base_s: float) -> float:
    """Of the samples that a long watch of many runs of this machine would take, beyond its first 10 s."""
    draw = random.Random(20_261_130)
    taken: list[float] = []
    for _ in range(400):
        speed, at_s = MACHINES[name](draw), 10.0
        for _ in range(max(40, round(2 / base_s))):
            taken.append(base_s * speed(at_s))
            at_s += taken[-1]
    return statistics.median(taken)
