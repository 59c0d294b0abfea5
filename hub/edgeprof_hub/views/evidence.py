"""All that a run brings to be believed by, ready for its page; a part that the run does not have is None or empty."""

from collections.abc import Callable
from dataclasses import dataclass

from edgeprof.tables import figures
from edgeprof.wire import messages as m
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.views import (
    condition_facts,
    energy_view,
    load_views,
    memory_facts,
    protocol_facts,
    state_table,
    sweeps,
    traces,
)
from edgeprof_hub.views.condition_facts import TrustView
from edgeprof_hub.views.energy_view import EnergyView
from edgeprof_hub.views.facts import DataTable, Fact, with_unit
from edgeprof_hub.views.lines import Drawn
from edgeprof_hub.views.load_views import SoakView
from edgeprof_hub.views.memory_facts import MemoryView
from edgeprof_hub.views.protocol_facts import ColdView

Fetch = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Evidence:
    """The parts in the order of the page."""

    trust: TrustView | None
    timing: tuple[Fact, ...]
    cold: ColdView | None
    sweep: Drawn | None
    sweep_facts: tuple[Fact, ...]
    energy: EnergyView | None
    soak: SoakView | None
    open_loop: tuple[Fact, ...]
    memory: MemoryView | None
    conditions: tuple[Fact, ...]
    trace: Drawn | None
    footprint: tuple[Fact, ...]
    state: DataTable | None

    @property
    def not_requested(self) -> tuple[str, ...]:
        """Optional parts of a run that nobody requested."""
        offered = (
            (self.sweep, "sweep over sizes"),
            (self.soak, "soak"),
            (self.open_loop, "open loop"),
        )
        return tuple(name for part, name in offered if not part)


def evidence_of(result: m.Result, fetch: Fetch) -> Evidence:
    """Everything about how a result came to be. `fetch`: an artifact's bytes by its hash, None where it is not here."""
    return Evidence(
        trust=condition_facts.trust_view(result.trust),
        timing=protocol_facts.timing_facts(result),
        cold=protocol_facts.cold_view(result),
        sweep=sweeps.sweep_of(result),
        sweep_facts=_over_depth(result),
        energy=energy_view.energy_view(result, fetch),
        soak=load_views.soak_view(result),
        open_loop=load_views.open_loop_facts(result),
        memory=memory_facts.memory_view(result.memory),
        conditions=condition_facts.condition_facts(result.conditions),
        trace=traces.trace_of(result, fetch),
        footprint=condition_facts.footprint_facts(result.footprint),
        state=state_table.state_table(result.before, result.after),
    )


def _over_depth(result: m.Result) -> tuple[Fact, ...]:
    """What was computed over the points of a sweep: a slope, the context that can be used."""
    found = [row for row in result.metrics if any(word in row.metric for word in ("slope", "context"))]
    return tuple(Fact(_title(row.metric), _value(row)) for row in found)


def _title(metric: str) -> str:
    known = METRICS.get(metric)
    return known.title if known else figures.clean(metric)


def _value(row: m.MetricRow) -> str:
    known = METRICS.get(row.metric)
    span = figures.interval(row)
    return with_unit(row.value, known.unit if known else "") + (f" (95 % {span})" if span else "")
