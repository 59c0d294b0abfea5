"""How long to wait before trying again: exponential, with full jitter where many would else come back at once."""

import random
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Between `min_s` and `max_s`, the upper bound growing with every failure; without jitter, that bound itself."""

    min_s: float = 1.0
    max_s: float = 30.0
    growth: float = 2.0
    jitter: bool = True

    def delay_s(self, failures: int) -> float:
        """The wait after so many failures in a row (1 is the first)."""
        bound_s = min(self.max_s, self.min_s * self.growth ** min(failures, 32))
        return random.uniform(self.min_s, bound_s) if self.jitter else bound_s

    def waits_s(self, tries: int) -> Iterator[float]:
        """The wait before each of so many tries; there is none before the first."""
        yield 0.0
        yield from (self.delay_s(failures) for failures in range(1, tries))
