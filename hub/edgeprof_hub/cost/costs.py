"""What a cell of the table costs: the formulas' inputs taken from device, profile, model and result."""

from collections.abc import Iterable

from edgeprof.wire import rest
from edgeprof.wire.messages import Result
from edgeprof_devices import load_profiles
from edgeprof_hub.cost.cell import cell_cost
from edgeprof_hub.cost.endpoint import endpoint_cost
from edgeprof_hub.cost.price_moment import Prices
from edgeprof_hub.cost.scenario import Scenario

PIECES = {"1,000 inferences": "inferences", "1M tokens": "answers"}
"""What the assumed daily volume counts, by the unit that the cost is shown for."""


def cost_of(
    device: rest.DeviceRecord, model: rest.ModelRecord, result: Result, scenario: Scenario, prices: Prices
) -> rest.CostView | str | None:
    """The cost of a measured result in the fleet's scenario, the reason why there is none, or None for a failed run."""
    if result.status != "measured":
        return None
    if result.remote is not None:
        return endpoint_cost(result.remote, scenario, prices)
    return cell_cost(
        task=model.task,
        format=model.format,
        metrics={row.metric: row for row in result.metrics},
        device_price_usd=device.price_usd,
        device_price_source=device.price_source,
        idle_w=_idle_w(device.profile_id),
        emulated=device.emulated or result.emulated or result.replayed is not None,
        scenario=scenario,
        prices=prices,
        inputs=result.effective.inputs if result.effective else None,
    )


def note(cells: Iterable[rest.Cell], scenario: Scenario, prices: Prices) -> str:
    """What all cost figures of a table rest on, said once."""
    costs = [cell.cost for cell in cells if cell.cost]
    if not costs:
        return ""
    volumes = sorted({f"{cost.per_day:,.0f} {PIECES[cost.unit]} a day" for cost in costs})
    whose = "the fleet's own scenario" if scenario.is_entered else "the scenario that edgeprof comes with"
    catalogue = f"{prices.catalogue.sha256[:12]} of {prices.catalogue.as_of}"
    return (
        f"Costs assume {' and '.join(volumes)}, by {whose}, with price catalogue {catalogue} and token prices of "
        f"{prices.day}. The page of a run shows every input of its cost."
    )


def _idle_w(profile_id: str | None) -> float | None:
    profile = load_profiles().get(profile_id or "")
    return profile.idle_w.high if profile and profile.idle_w else None
