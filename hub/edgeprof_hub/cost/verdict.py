"""Which side is cheaper, in words that hold within the stated limits whatever the parts not counted come to."""

import math
from dataclasses import dataclass

from edgeprof_hub.cost.inputs import rounded

HOURS_PER_DAY = 24
WATTS_PER_KILOWATT = 1000


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Both daily bills as far as they are counted, at the limits of what is assumed.

    What is not counted can only add to its own side's bill.
    """

    edge_usd_per_day: tuple[float, float]
    cloud_usd_per_day: tuple[float, float]
    energy_counted: bool
    tariff_usd_per_kwh: float
    idle_w: float | None
    """Of all devices by their profile: modelled, and in no bill. It only shows whether it could turn the answer."""

    @property
    def edge_gain_usd_per_day(self) -> float:
        """What the edge saves at the least; above it the missing parts of the edge would turn the answer."""
        return self.cloud_usd_per_day[0] - self.edge_usd_per_day[1]

    @property
    def cloud_gain_usd_per_day(self) -> float:
        """What the cloud saves at the least."""
        return self.edge_usd_per_day[0] - self.cloud_usd_per_day[1]

    @property
    def room_w(self) -> float | None:
        """Mean power at the wall, day and night, that would eat up the edge's gain; None if energy is free."""
        if self.tariff_usd_per_kwh == 0:
            return None
        room_w = self.edge_gain_usd_per_day / self.tariff_usd_per_kwh * WATTS_PER_KILOWATT / HOURS_PER_DAY
        return room_w if math.isfinite(room_w) else None


def verdict(balance: Balance) -> str:
    """One sentence. `cheaper` stands only where the limits cannot change it, and names the missing parts that could."""
    if balance.cloud_gain_usd_per_day > 0:
        return (
            f"Cloud cheaper at this volume, by ${rounded(balance.cloud_gain_usd_per_day)} a day or more. "
            "Costs not counted on the edge would add to that. Only costs not counted in the cloud could reverse it."
        )
    if balance.edge_gain_usd_per_day > 0:
        return _edge_cheaper(balance)
    return (
        f"No clear winner at this volume: ${_span(balance.edge_usd_per_day)} a day on the edge against "
        f"${_span(balance.cloud_usd_per_day)} in the cloud, within the limits of the assumptions."
    )


def _span(usd_per_day: tuple[float, float]) -> str:
    low, high = (rounded(usd) for usd in usd_per_day)
    return low if low == high else f"{low} to {high}"


def _edge_cheaper(balance: Balance) -> str:
    counted = "fixed part and measured energy" if balance.energy_counted else "fixed part only; energy not counted"
    gain = rounded(balance.edge_gain_usd_per_day)
    room_w, idle_w = balance.room_w, balance.idle_w
    if room_w is None:
        return f"Edge cheaper at this volume ({counted}) while all that is not counted stays below ${gain} a day."
    watts = f"below ${gain} a day, as power {rounded(room_w)} W at the wall around the clock"
    if idle_w is not None and idle_w >= room_w:
        return (
            f"Undecided at this volume: the edge is cheaper in what is counted ({counted}), but only while the rest "
            f"stays {watts}. Idling takes about {rounded(idle_w)} W (modelled by the device profile)."
        )
    return f"Edge cheaper at this volume ({counted}) while all that is not counted stays {watts}."
