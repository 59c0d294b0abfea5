"""How much memory a model needs at its peak: a sum of named parts, whoever made them. Pure."""

import msgspec

from edgeprof.fit.verdict import Method, Part


class Estimate(msgspec.Struct, frozen=True, kw_only=True):
    """A sum of parts, MiB; `missing` says what could not be estimated, and then the sum is a lower bound.

    >>> one = Part(name="weights", mib=90.0, held_mib=0.0, method="engine")
    >>> two = Part(name="KV cache", mib=10.0, held_mib=10.0, method="engine")
    >>> both = Estimate(method="engine", parts=(one, two))
    >>> both.peak_mib, both.held_mib
    (100.0, 10.0)
    """

    method: Method
    parts: tuple[Part, ...]
    missing: str = ""

    @property
    def peak_mib(self) -> float:
        """As `peak_memory_mib` is measured: the worker's largest resident set."""
        return sum(part.mib for part in self.parts)

    @property
    def held_mib(self) -> float:
        """Of it, what the kernel cannot take back."""
        return sum(part.held_mib for part in self.parts)
