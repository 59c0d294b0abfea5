"""The page of a run's operators: where the time goes, each operator's bound, what to try next."""

from dataclasses import dataclass

import msgspec

from edgeprof.operators.grouping import Group
from edgeprof.operators.placing import Placed
from edgeprof.operators.report import OperatorReport, PhaseReport
from edgeprof.wire.messages import Result
from edgeprof_hub.views.roofline_plot import Roofline, roofline
from edgeprof_hub.views.traces import Fetch

ARTIFACT = "operator_profile"
MAX_NODES = 50
MAX_BYTES = 4 * 1024 * 1024
MAX_LINES = 200
"""Groups, hints and phases that a page shows."""
MAX_DOTS = 1000
"""The slowest nodes, as the report lists them first."""


@dataclass(frozen=True)
class PhaseView:
    """One kind of work, with its drawing where the limits of the device are known."""

    report: PhaseReport
    plot: Roofline | None
    nodes: tuple[Placed, ...]


@dataclass(frozen=True)
class OperatorsView:
    """All of a run's operator profile."""

    report: OperatorReport
    phases: tuple[PhaseView, ...]


def has_operators(result: Result) -> bool:
    """Whether the run has a profile of its operators."""
    return any(artifact.name == ARTIFACT for artifact in result.artifacts)


def operators_of(result: Result, fetch: Fetch) -> OperatorsView | None:
    """None where there is none, or where it cannot be read: an agent may store any bytes under this name."""
    stored = next((artifact for artifact in result.artifacts if artifact.name == ARTIFACT), None)
    data = fetch(stored.sha256) if stored else None
    if data is None or len(data) > MAX_BYTES:
        return None
    try:
        report = msgspec.json.decode(data, type=OperatorReport)
        if max([len(report.phases), *(len(phase.groups) + len(phase.hints) for phase in report.phases)]) > MAX_LINES:
            return None
        return OperatorsView(report, tuple(_phase(phase, report) for phase in report.phases))
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, ArithmeticError, LookupError):
        return None  # also figures that no profile has, as a negative time


def _phase(phase: PhaseReport, report: OperatorReport) -> PhaseView:
    plot = roofline(phase.nodes[:MAX_DOTS], report.ceiling) if report.ceiling else None
    return PhaseView(phase, plot, phase.nodes[:MAX_NODES])


def bound_words(each: Group | Placed) -> str:
    """`memory, 71 %`."""
    share = each.bound_share if isinstance(each, Group) else each.share
    if each.bound is None or share is None:
        return "-"
    if share > 1:
        return "in cache" if each.bound == "memory" else f"{each.bound}, 100 %"
    return f"{each.bound}, {share:.0%}".replace("%", " %")
