"""How a speech service bills a length of audio, in the unit that it sells: formula 11, in Decimal, without I/O."""

from dataclasses import dataclass
from decimal import Decimal

from edgeprof_hub.cost.catalogue.loader import Priced
from edgeprof_hub.cost.catalogue.schema import AUDIO_UNITS_S
from edgeprof_hub.cost.extra import billed_audio_s
from edgeprof_hub.cost.formulas import above_zero

AUDIO_HOUR_S = AUDIO_UNITS_S["audio hour"]


@dataclass(frozen=True, kw_only=True)
class AudioBilling:
    """The unit that is sold, and what is billed at least and in which steps. Without steps the exact length is."""

    unit_s: Decimal
    granularity_s: Decimal | None = None
    minimum_s: Decimal = Decimal(0)

    def units(self, duration_s: Decimal) -> Decimal:
        """How many units one request with so much audio is billed as."""
        heard_s = above_zero(duration_s, "The seconds of audio")
        if self.granularity_s is None:
            return max(self.minimum_s, heard_s) / self.unit_s
        return billed_audio_s(heard_s, self.granularity_s, self.minimum_s) / self.unit_s


def billing_of(priced: Priced) -> AudioBilling:
    """That of an entry of the catalogue; its schema allows no other unit of audio."""
    entry = priced.entry
    return AudioBilling(
        unit_s=AUDIO_UNITS_S[entry.unit],
        granularity_s=entry.billing_granularity,
        minimum_s=entry.billing_minimum or Decimal(0),
    )
