"""One condition of a service level on one set-up, and how a run's figure becomes its status. Pure."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from edgeprof.readiness.evidence import Evidence, RunFacts, SetUp
from edgeprof.readiness.status import SLOWING, STATUSES, Status, at_most, doubted
from edgeprof.tables import figures
from edgeprof.wire.figures import MetricRow


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What is demanded, what is known, and what would make it known better."""

    name: str
    demand: str
    status: Status
    sentence: str
    """Figure first."""
    evidence: Evidence | None = None
    measure: str = ""
    """The command that measures it, or measures it better; empty where it is met."""


@dataclass(frozen=True)
class Judged:
    """A status, and what it rests on; `remarks` say why it is not better."""

    status: Status
    evidence: Evidence | None
    run: RunFacts | None
    remarks: tuple[str, ...] = ()


def figure_text(found: Evidence) -> str:
    """`31.2 ms (30.8–31.9)`: the value with its 95 % interval."""
    row = MetricRow(metric=found.metric, value=found.value, n=found.n, ci_low=found.ci_low, ci_high=found.ci_high)
    interval = figures.interval(row)
    unit = "" if found.metric.endswith("_j") else f" {found.unit}" if found.unit else ""
    return f"{figures.figure(row)}{unit}{f' ({interval})' if interval else ''}"


def against(
    run: RunFacts,
    found: Evidence,
    limit: float,
    *,
    is_statistical: bool = True,
    harmless: Collection[str] = SLOWING,
) -> Judged:
    """A figure of a run against an upper limit, with the run's marks and age counted."""
    status = at_most(found, limit, is_statistical=is_statistical)
    return weighed(run, found, status, found.value / limit, harmless)


def weighed(
    run: RunFacts, found: Evidence, status: Status, miss_ratio: float, harmless: Collection[str] = SLOWING
) -> Judged:
    """A status with what speaks against its run. `miss_ratio`: how far the figure is beyond the limit.

    `harmless`: marks that cannot have made this figure better than it is.
    """
    remarks: list[str] = []
    if found.unreal:
        return Judged("unmeasured", found, run, (f"{found.unreal} figures show nothing about this device",))
    if run.doubts:
        is_harmless = all(cause in harmless for cause in run.doubts)
        but = "although " if is_harmless and status == "met" else ""
        remarks.append(f"{but}the run is marked {', '.join(run.doubts)}")
        status = doubted(status, miss_ratio, is_harmless=is_harmless)
    if run.stale:
        remarks.append("measured with another runtime version than the device has now")
        status = "met with limits" if status == "met" else status
    if found.ci_low is None and status in ("met with limits", "undecided"):
        remarks.append("no 95 % interval")
    elif status in ("met with limits", "undecided") and not remarks:
        remarks.append("the 95 % interval includes the limit")
    return Judged(status, found, run, tuple(remarks))


def best_of(judged: Iterable[Judged]) -> Judged | None:
    """The first of those with the best status: each of them alone can show that the condition is met."""
    found = list(judged)
    return max(found, key=lambda each: STATUSES.index(each.status), default=None)


def measured_runs(set_up: SetUp, is_eligible: Callable[[RunFacts], bool] = lambda _: True) -> list[RunFacts]:
    """Runs with figures, those without added load first, then by depth."""
    runs = [run for run in set_up.runs if run.figures and not run.failure and is_eligible(run)]
    return sorted(runs, key=lambda run: (run.rate_per_s, run.depth_tokens, run.prompt_tokens))


def at_context(
    set_up: SetUp, context: int, length_of: Callable[[RunFacts], int], judge: Callable[[RunFacts], Judged | None]
) -> Judged | None:
    """Of a language model: the best of the runs at the demanded context or beyond.

    A longer context is slower and larger. So a run at a shorter one can show a miss, and nothing else.
    """
    judged = ((length_of(run), judge(run)) for run in measured_runs(set_up))
    return best_of(
        found for length, found in judged if found is not None and (length >= context or found.status == "not met")
    )


def with_remark(judged: Judged, remark: str, ceiling: Status = "met with limits") -> Judged:
    """The same, at most as good as `ceiling`, and why."""
    status = min(judged.status, ceiling, key=STATUSES.index)
    return replace(judged, status=status, remarks=(*judged.remarks, remark))


def condition(name: str, demand: str, judged: Judged | None, missing: str, measure: str) -> Condition:
    """From what was judged; `missing`: the reason where nothing could be."""
    if judged is None:
        return Condition(name=name, demand=demand, status="unmeasured", sentence=f"{missing}.", measure=measure)
    shown = figure_text(judged.evidence) if judged.evidence else ""
    remarks = "; ".join(judged.remarks)
    text = f"{shown}{': ' if shown and remarks else ''}{remarks}" or missing
    return Condition(
        name=name,
        demand=demand,
        status=judged.status,
        sentence=f"{text[:1].upper()}{text[1:]}.",
        evidence=judged.evidence,
        measure="" if judged.status in ("met", "not met") else measure,
    )
