"""Whether the demo came out as its plan says. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgeprof.demo.plan import DemoPlan
from edgeprof.tables import figures
from edgeprof.wire import rest
from edgeprof.wire.messages import Result


@dataclass(frozen=True)
class Mismatch:
    """A cell that came to something else than the plan says."""

    agent: str
    recipe: str
    expected: str
    got: str


def outcome(job: rest.JobRecord, result: Result | None) -> str:
    """`measured`, `failed:<code>`, or the state of a job that has no result."""
    if result is not None and result.failure is not None:
        return f"failed:{result.failure.code}"
    return job.state


def mismatches(plan: DemoPlan, outcomes: Mapping[tuple[str, str], str]) -> list[Mismatch]:
    """Every cell of the plan whose outcome, by (agent, recipe), is not the expected one."""
    return [
        Mismatch(agent, model.recipe, expected, outcomes.get((agent, model.recipe), "no job"))
        for model in plan.models
        for agent, expected in model.expect.items()
        if outcomes.get((agent, model.recipe)) != expected
    ]


def quality_mismatches(plan: DemoPlan, found: Mapping[tuple[str, str, str], float | str]) -> list[Mismatch]:
    """Every evaluation whose lead figure lies outside of the plan's range. `found`: by (agent, recipe, set).

    A text in place of a figure says why there is none.
    """
    wrong: list[Mismatch] = []
    for one in plan.evaluations:
        low, high = one.lead
        for agent, recipe in one.runs(plan.agents):
            got = found.get((agent, recipe, one.set), "no job")
            if isinstance(got, str) or not low <= got <= high:
                shown = got if isinstance(got, str) else figures.number(got)
                wrong.append(Mismatch(agent, f"{recipe} on {one.set}", f"{low:g} to {high:g}", shown))
    return wrong
