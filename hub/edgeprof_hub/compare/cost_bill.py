"""The edge's bill as a function of the explorer's inputs: formulas 1 to 8 in floats, as ten thousand draws go through.

A test holds them against those in Decimal (`cost.py`, `cost_extra.py`).
"""

import math

from edgeprof_hub.compare.cost_draws import Values

DAY_S = 86_400.0
YEAR_DAYS = 365.0
KWH_J = 3.6e6


def capacity_per_day(values: Values) -> float:
    """What one device can do in a day."""
    return DAY_S * values["availability_percent"] / 100 / (values["service_ms"] / 1000)


def devices_for(values: Values, per_day: float) -> int:
    """How many devices the volume takes."""
    return max(1, math.ceil(per_day / capacity_per_day(values) - 1e-9))


def edge_parts_usd(values: Values, per_day: float) -> dict[str, float]:
    """Formula 8, full view, of one piece, part by part."""
    devices = devices_for(values, per_day)
    return {
        "hardware": devices * capex_usd_per_day(values) / per_day,
        "maintenance": devices * values["maintenance_usd"] / YEAR_DAYS / per_day,
        "idle power": devices * _idle_usd_per_day(values) / per_day,
        "energy": wall_j(values) / KWH_J * values["tariff_usd"],
        "network": values["sent_bytes"] / 1e9 * values["usd_per_gb"],
    }


def edge_usd(values: Values, per_day: float) -> float:
    """Formula 8, full view, of one piece."""
    return sum(edge_parts_usd(values, per_day).values())


def capex_usd_per_day(values: Values) -> float:
    """Formula 5, of one device."""
    spent_usd = max(0.0, values["price_usd"] - values["residual_usd"]) * values["share_percent"] / 100
    years, rate = values["lifetime_years"], values["discount_percent"] / 100
    growth = (1 + rate) ** years
    return spent_usd * (rate * growth / (growth - 1) if growth > 1 else 1 / years) / YEAR_DAYS


def _idle_usd_per_day(values: Values) -> float:
    return values["idle_w"] * 24 / 1000 / (values["efficiency"] or 1.0) * values["tariff_usd"]


def running_usd_per_day(values: Values) -> float:
    """Of one device, whether it is used or not, beside what it cost."""
    return values["maintenance_usd"] / YEAR_DAYS + _idle_usd_per_day(values)


def wall_j(values: Values) -> float:
    """Energy of one piece at the wall; where idling is counted by itself, what is above it."""
    above_idle_j = values["energy_j"] - values["idle_w"] * values["service_ms"] / 1000
    return max(0.0, above_idle_j) / (values["efficiency"] or 1.0)


def variable_usd(values: Values) -> float:
    """Formula 8, marginal view, of one piece."""
    return wall_j(values) / KWH_J * values["tariff_usd"] + values["sent_bytes"] / 1e9 * values["usd_per_gb"]
