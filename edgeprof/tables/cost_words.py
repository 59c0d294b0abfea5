"""What a cell's cost says in words: what is counted, what it is compared with, and the break-even volume."""

from edgeprof.tables import figures
from edgeprof.wire import rest

NO_BREAK_EVEN: dict[rest.BreakEvenKind, str] = {
    "at_least": "No volume was computed.",
    "never": "The cloud baseline is cheaper at every daily volume that this device can do.",
    "not_by_volume": "The baseline is always on, so volume does not decide which is cheaper. Compare the daily bills.",
    "is_cloud": "This device is the cloud: it has no break-even.",
    "unknown": "The cloud baseline has no price, so break-even is unknown.",
}


def not_counted(cost: rest.CostView) -> str:
    """What the device's figure holds and what both figures leave out."""
    counted = ", ".join(cost.edge_parts_usd)
    return f"Cost on the device counts {counted}. Not counted: {'; '.join(cost.not_counted) or 'nothing known'}."


def baseline_text(cost: rest.CostView) -> str:
    """The cloud service that a figure is compared with."""
    return f"Cloud: {cost.cloud_name}, {cost.cloud_basis}, as of {cost.as_of}."


def break_even_text(cost: rest.CostView) -> str | None:
    """`≥159/day` (parts are not counted), `159/day` or `never`; None where there is no such volume."""
    if cost.break_even_per_day is not None:
        return volume_text(cost.break_even_per_day, cost.break_even_kind == "at_least")
    return "never" if cost.break_even_kind == "never" else None


def volume_text(per_day: float, at_least: bool) -> str:
    """A break-even volume; `at_least`: parts of the device's bill are not counted."""
    return f"{'≥' if at_least else ''}{figures.per_day(per_day)}/day"
