"""What the demo does and what each cell must come to: `demo.toml`, read strictly."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from edgeprof.errors import UsageError
from edgeprof.quality.gate_text import parse_gates
from edgeprof.wire.failures import FAILURE_CODES
from edgeprof.wire.messages import RunProtocol

DEFAULT_PLAN = Path(__file__).with_name("demo.toml")


class PlanTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the plan; a misspelt key is an error."""


class DemoAgent(PlanTable, frozen=True, kw_only=True):
    """One agent process. With `emulates` it plays that device profile, memory and cores held down to it."""

    name: str
    emulates: str | None = None
    cores: int | None = None
    price_usd: float | None = None
    price_source: str | None = None


class Model(PlanTable, frozen=True, kw_only=True):
    """One model and what must come of it on each agent: `measured` or `failed:<code>`."""

    recipe: str
    expect: dict[str, str]


class Measuring(PlanTable, frozen=True, kw_only=True):
    """What every job of the demo asks for."""

    threads: int
    window_s: float
    deadline_s: float
    prompt_tokens: int
    decode_tokens: int
    window_limit_s: float = RunProtocol.window_limit_s
    warmup_limit_s: float = RunProtocol.warmup_limit_s
    precision: float = RunProtocol.precision


class EvaluationPlan(PlanTable, frozen=True, kw_only=True):
    """One evaluation set, the models that answer it, and the range of their lead figure that is expected."""

    set: str
    recipes: list[str]
    lead: tuple[float, float]
    """Lowest and highest figure, in the unit of the task's lead metric."""
    agents: list[str] = []
    """Names of those that answer; empty: all."""
    items: int = 0
    """0: all of the set."""

    def runs(self, agents: Iterable[DemoAgent]) -> list[tuple[str, str]]:
        """Agent and recipe of each evaluation on this set."""
        names = [agent.name for agent in agents if not self.agents or agent.name in self.agents]
        return [(name, recipe) for name in names for recipe in self.recipes]


class FamilyGates(PlanTable, frozen=True, kw_only=True):
    """What the variants of a family must hold, one line each."""

    family: str
    gates: list[str]


class DemoPlan(PlanTable, frozen=True, kw_only=True):
    """The whole demo."""

    measuring: Measuring
    agents: list[DemoAgent]
    models: list[Model]
    evaluations: list[EvaluationPlan] = []
    gates: list[FamilyGates] = []


def load(path: Path = DEFAULT_PLAN) -> DemoPlan:
    """The plan in a file. Raises UsageError that names the field."""
    try:
        plan = msgspec.convert(tomllib.loads(path.read_text()), DemoPlan)
    except (OSError, ValueError) as error:
        raise UsageError("bad_plan", f"Cannot use the demo's plan {path}: {error}.") from error
    _check(plan, path)
    return plan


def _check(plan: DemoPlan, path: Path) -> None:
    names = {agent.name for agent in plan.agents}
    outcomes = {"measured", *(f"failed:{code}" for code in FAILURE_CODES)}
    for model in plan.models:
        if set(model.expect) != names:
            raise UsageError(
                "bad_plan", f"{path}: {model.recipe} needs an expected outcome for each of {sorted(names)}."
            )
        if unknown := set(model.expect.values()) - outcomes:
            raise UsageError(
                "bad_plan", f"{path}: {model.recipe} expects {sorted(unknown)}, which is not a possible outcome."
            )
    recipes = {model.recipe for model in plan.models}
    for evaluation in plan.evaluations:
        if unknown := set(evaluation.recipes) - recipes:
            raise UsageError(
                "bad_plan",
                f"{path}: the evaluation on {evaluation.set} names {sorted(unknown)}, not one of [[models]].",
            )
        if unknown := set(evaluation.agents) - names:
            raise UsageError(
                "bad_plan",
                f"{path}: the evaluation on {evaluation.set} names {sorted(unknown)}, not one of [[agents]].",
            )
        if evaluation.lead[0] > evaluation.lead[1]:
            raise UsageError(
                "bad_plan", f"{path}: lead of {evaluation.set} ends below its start. Use lead = [LOWEST, HIGHEST]."
            )
    parse_gates(line for family in plan.gates for line in family.gates)
