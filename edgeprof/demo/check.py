"""Whether the demo came out as its plan says. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgeprof.demo.plan import DemoPlan
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
