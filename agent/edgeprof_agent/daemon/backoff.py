"""How long to wait before trying again: exponential, with full jitter, so that a fleet does not come back at once."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Backoff:
    """Between `min_s` and `max_s`, the upper bound doubling with every failure."""

    min_s: float = 1.0
    max_s: float = 30.0

    def delay_s(self, failures: int) -> float:
        """The wait after so many failures in a row (1 is the first)."""
        bound_s = min(self.max_s, self.min_s * 2.0 ** min(failures, 32))
        return random.uniform(self.min_s, bound_s)
