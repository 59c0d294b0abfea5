"""How a speech service bills a length of audio, in the unit that it sells: formula 11."""

import math
from dataclasses import dataclass

from edgeprof_hub.cost.catalogue.loader import Priced
from edgeprof_hub.cost.catalogue.schema import AUDIO_UNITS_S
from edgeprof_hub.cost.checks import above_zero


@dataclass(frozen=True, kw_only=True)
class AudioBilling:
    """The unit that is sold, and what is billed at least and in which steps. Without steps the exact length is."""

    unit_s: float
    granularity_s: float | None = None
    minimum_s: float = 0.0

    def units(self, duration_s: float) -> float:
        """How many units one request with so much audio is billed as."""
        billed_s = above_zero(duration_s, "The seconds of audio")
        if self.granularity_s is not None:
            # A duration that is a whole number of steps must not be one more for the last bit of a quotient.
            billed_s = math.ceil(billed_s / self.granularity_s - 1e-9) * self.granularity_s
        return max(self.minimum_s, billed_s) / self.unit_s


def billing_of(priced: Priced) -> AudioBilling:
    """That of an entry of the catalogue; its schema allows no other unit of audio."""
    entry = priced.entry
    return AudioBilling(
        unit_s=float(AUDIO_UNITS_S[entry.unit]),
        granularity_s=None if entry.billing_granularity is None else float(entry.billing_granularity),
        minimum_s=float(entry.billing_minimum or 0),
    )
