"""What a ranking says: who leads in one figure, and what that rests on. Pure."""

from dataclasses import dataclass

from edgeprof.profiler.cells import Cell
from edgeprof.profiler.plan import Plan
from edgeprof.wire.messages import Result


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A model on a target that is not ranked, and why."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Who leads in one figure. `is_shown`: against every other one; else it is the leader so far."""

    figure: str
    """`latency`, `time between tokens`, or the metric and the set of a quality."""
    leader: str
    is_shown: bool
    sentence: str
    rests_on: tuple[str, ...]
    """A line for each comparison with the leader."""
    left_out: tuple[LeftOut, ...] = ()


def label(plan: Plan, cell: Cell) -> str:
    """How sentences call a cell, as `a.onnx on rpi-5`."""
    return f"{plan.titles.get(cell.model, cell.model)} on {cell.device}"


def good_results(cell: Cell, *, evaluated: bool) -> list[Result]:
    """Its measured results, of speed or of sets."""
    results = (result for result in cell.results if result.status == "measured")
    return [result for result in results if (result.evaluation is not None) == evaluated]
