"""The edge's bill as a function of the inputs: formulas 1 to 8 in floats, as ten thousand draws go through.

A test holds them against those in Decimal (`cost.py`, `cost_extra.py`). A device idles between runs or sleeps: of
`idle_w` and `sleep_w` one is zero, and so are the inputs about waking up where it does not sleep.
"""

import math

from edgeprof_hub.cost.draws import Values

DAY_S = 86_400.0
YEAR_DAYS = 365.0
KWH_J = 3.6e6
WH_J = 3600.0


def settled(value: float) -> float:
    """Without the last bits, which are noise: a figure that ends on a half is then rounded alike wherever it stands."""
    return float(f"{value:.14g}")


def capacity_per_day(values: Values) -> float:
    """What one device can do in a day, with waking up for each piece if it sleeps between them."""
    return DAY_S * values["availability_percent"] / 100 / _piece_s(values)


def devices_for(values: Values, per_day: float) -> int:
    """How many devices the volume takes."""
    return max(1, math.ceil(per_day / capacity_per_day(values) - 1e-9))


def edge_parts_usd(values: Values, per_day: float) -> dict[str, float]:
    """Formula 8, full view, of one piece, part by part."""
    devices, usd_per_j = devices_for(values, per_day), _usd_per_j(values)
    day_s = devices * DAY_S / per_day
    above_j, is_idle = _above_standing_j(values), values["idle_w"] > 0
    drawn_j = above_j + day_s * standing_w(values)
    return {
        "hardware": devices * capex_usd_per_day(values) / per_day,
        "maintenance": devices * values["maintenance_usd"] / YEAR_DAYS / per_day,
        "idle power": day_s * values["idle_w"] * usd_per_j,
        "sleep": (day_s - _piece_s(values)) * values["sleep_w"] * usd_per_j,
        "waking up": values["wake_j"] * usd_per_j,
        "energy": (above_j if is_idle else values["energy_j"]) * usd_per_j,
        "wear of the battery": drawn_j * _wear_usd_per_j(values),
        "network": values["sent_bytes"] / 1e9 * values["usd_per_gb"],
    }


def edge_usd(values: Values, per_day: float) -> float:
    """Formula 8, full view, of one piece: the sum of its parts, put together as fixed and variable for the draws."""
    usd_per_j = _usd_per_j(values) + _wear_usd_per_j(values)
    standing_usd = standing_w(values) * DAY_S * usd_per_j
    fixed_usd_per_day = capex_usd_per_day(values) + values["maintenance_usd"] / YEAR_DAYS + standing_usd
    energy_usd = _above_standing_j(values) * usd_per_j
    sent_usd = values["sent_bytes"] / 1e9 * values["usd_per_gb"]
    return devices_for(values, per_day) * fixed_usd_per_day / per_day + energy_usd + sent_usd


def capex_usd_per_day(values: Values) -> float:
    """Formula 5, of one device."""
    spent_usd = max(0.0, values["price_usd"] - values["residual_usd"]) * values["share_percent"] / 100
    years, rate = values["lifetime_years"], values["discount_percent"] / 100
    # r(1+r)^L / ((1+r)^L - 1) is r / (1 - (1+r)^-L), and these two keep the digits that 1+r loses of a small rate.
    yearly = rate / -math.expm1(-years * math.log1p(rate)) if rate else 1 / years
    return spent_usd * yearly / YEAR_DAYS


def standing_w(values: Values) -> float:
    """What a device draws day and night, whether it is used or not."""
    return values["idle_w"] + values["sleep_w"]


def running_usd_per_day(values: Values) -> float:
    """Of one device, whether it is used or not, beside what it cost."""
    standing_usd = standing_w(values) * DAY_S * (_usd_per_j(values) + _wear_usd_per_j(values))
    return values["maintenance_usd"] / YEAR_DAYS + standing_usd


def wall_j(values: Values) -> float:
    """Energy of one piece at the wall, above what the device draws day and night where that is counted by itself."""
    return _above_standing_j(values) / (values["efficiency"] or 1.0)


def variable_usd(values: Values) -> float:
    """Formula 8, marginal view, of one piece."""
    energy_usd = _above_standing_j(values) * (_usd_per_j(values) + _wear_usd_per_j(values))
    return energy_usd + values["sent_bytes"] / 1e9 * values["usd_per_gb"]


def _piece_s(values: Values) -> float:
    return values["service_ms"] / 1000 + values["wake_s"]


def _above_standing_j(values: Values) -> float:
    """Formula 1 for a device that idles; for one that sleeps, formula 3 put into order by the volume.

    `(86400 - n(t + t_wake)) P_sleep + n (E + E_wake)` is `86400 P_sleep + n (E + E_wake - (t + t_wake) P_sleep)`.
    """
    if values["idle_w"]:
        return max(0.0, values["energy_j"] - values["idle_w"] * values["service_ms"] / 1000)
    return values["energy_j"] + values["wake_j"] - _piece_s(values) * values["sleep_w"]


def _usd_per_j(values: Values) -> float:
    """Formulas 2 and 4: of a joule at the meter, drawn from the wall."""
    return values["tariff_usd"] / KWH_J / (values["efficiency"] or 1.0)


def _wear_usd_per_j(values: Values) -> float:
    """Formula 7: what a joule from the battery takes of its life; 0 without one."""
    life_j = values["battery_wh"] * WH_J * values["battery_cycles"]
    return values["battery_usd"] / life_j if life_j else 0.0
