"""The answer to "does it fit?": a verdict, the sum behind it, and what else speaks against the device."""

from typing import Literal

import msgspec

Outcome = Literal["fits", "tight", "does not fit", "cannot tell"]
Method = Literal["engine", "formula", "measured"]
"""Who says it: the runtime's own dry run, a formula of ours, or the peak of a like run."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the sum, MiB."""

    name: str
    mib: float
    method: Method
    how: str = ""
    """The source in one short sentence: which call, which formula, which run."""
    held_mib: float = 0.0
    """What of it the kernel cannot take back: not the pages of a mapped file, which it can read again."""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Something besides memory: operators, instruction set, wheels, context, disk, licence."""

    subject: str
    outcome: Outcome
    sentence: str


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """Of one model, device and configuration.

    >>> Fit(outcome="fits", sentence="101 of 900 MiB.", peak_mib=101.0, limit_mib=900.0).outcome
    'fits'
    """

    outcome: Outcome
    sentence: str
    """Figure first, remedy last."""
    peak_mib: float | None = None
    """Predicted peak of the worker's memory (as `peak_memory_mib` is measured); None where it cannot be told."""
    limit_mib: float | None = None
    """What the device can give; None where nobody knows."""
    parts: tuple[Part, ...] = ()
    reasons: tuple[Reason, ...] = ()
    held_mib: float | None = None
    """What of the peak must stay in memory. Below it the worker is killed; between it and the peak it reads files
    again and again."""
