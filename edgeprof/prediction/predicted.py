"""One predicted figure. It is never ranked among measured ones, and every place that shows it says *predicted*."""

from typing import Literal

import msgspec

Tier = Literal["cold", "probed"]
"""From the device's profile and what was measured elsewhere, or after two short probes on the board."""


class Predicted(msgspec.Struct, frozen=True, kw_only=True):
    """A figure with the range that held 90 % of the scored rows.

    >>> Predicted(metric="latency_p50_ms", value=12.0, low=8.1, high=17.4, tier="cold", basis="roofline").tier
    'cold'
    """

    metric: str
    """A name of `edgeprof.wire.metrics`; the value has its unit."""
    value: float
    low: float
    high: float
    tier: Tier
    basis: str
    """What it rests on, in a few words: "3 neighbours on raspberry-pi-5, bandwidth 17 GB/s"."""


class CannotTell(msgspec.Struct, frozen=True, kw_only=True):
    """The other answer: what is missing, and the measurement that would give it.

    >>> CannotTell(reason="memcpy_gb_s of x is unknown.", measure="Profile two models on it.").tier
    'cannot tell'
    """

    reason: str
    measure: str
    tier: Literal["cannot tell"] = "cannot tell"
