"""What a cell of the table costs: the formulas' inputs taken from device, profile, model and result."""

from collections.abc import Iterable

from edgeprof.wire import rest
from edgeprof.wire.messages import Result
from edgeprof_hub.cost.cell import cell_cost
from edgeprof_hub.cost.endpoint import endpoint_cost
from edgeprof_hub.cost.price_moment import Prices
from edgeprof_hub.cost.scenario import Scenario
from edgeprof_hub.cost.subject import subject_of
from edgeprof_hub.cost.work import PER_1M_TOKENS, PER_1000

PIECES = {PER_1000: "inferences", PER_1M_TOKENS: "answers"}
"""What the assumed daily volume counts, by the unit that the cost is shown for."""


def cost_of(
    device: rest.DeviceRecord, model: rest.ModelRecord, result: Result, scenario: Scenario, prices: Prices
) -> rest.CostView | str | None:
    """The cost of a measured result in the fleet's scenario, the reason why there is none, or None for a failed run."""
    if result.status != "measured":
        return None
    if result.remote is not None:
        return endpoint_cost(result.remote, scenario, prices)
    return cell_cost(subject_of(device, model, result), scenario, prices)


def note(cells: Iterable[rest.Cell], scenario: Scenario, prices: Prices) -> str:
    """What all cost figures of a table assume."""
    costs = [cell.cost for cell in cells if cell.cost]
    if not costs:
        return ""
    volumes = sorted({f"{cost.per_day:,.0f} {PIECES[cost.unit]} a day" for cost in costs})
    whose = "the fleet's scenario" if scenario.is_entered else "the default scenario"
    catalogue = f"{prices.catalogue.sha256[:12]} of {prices.catalogue.as_of}"
    return (
        f"Costs assume {' and '.join(volumes)} ({whose}), price catalogue {catalogue} and token prices of "
        f"{prices.day}. A run's page lists every input of its cost."
    )
