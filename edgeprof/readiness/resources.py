"""Conditions on what a model costs the device: power, energy, memory, money. Pure."""

from edgeprof.readiness.condition import (
    Condition,
    Judged,
    against,
    at_context,
    condition,
    measured_runs,
    with_remark,
)
from edgeprof.readiness.evidence import Evidence, RunFacts, SetUp, evidence_of
from edgeprof.readiness.level import ServiceLevel
from edgeprof.readiness.speed import capacity_of
from edgeprof.readiness.status import HARMLESS_TO_ENERGY, HARMLESS_TO_MEMORY, HARMLESS_TO_POWER
from edgeprof.wire.energy import CALIBRATED, scope_words

WHOLE_DEVICE = ("wall_ac", "dc_input", "battery_gauge")
"""Scopes that leave nothing of the device out; the others are less than it draws."""
MEMORY_HEADROOM = 0.9
"""Share of a memory limit that a peak may take. It is the peak of one run, and other runs take more: our choice."""


def power_condition(level: ServiceLevel, set_up: SetUp, is_language: bool) -> Condition | None:
    """Mean power under back-to-back load: more than any lower rate draws.

    A set-up that exceeds the limit back to back may hold it at the demanded rate. That is interpolated between idle and
    load (Fan, Weber and Barroso, "Power provisioning for a warehouse-sized computer", ISCA 2007), and so is undecided.
    """
    if level.power_w is None:
        return None
    runs = [run for run in measured_runs(set_up) if "average_power_w" in run.figures]
    judged = next((_power(level, run, is_language) for run in runs), None)
    reason = _absent(set_up, "average_power_w")
    return condition(
        "power",
        f"at most {level.power_w:g} W",
        judged,
        f"Not measured{reason}",
        f"{set_up.measure} --energy" if set_up.measure else "",
    )


def _power(level: ServiceLevel, run: RunFacts, is_language: bool) -> Judged:
    limit_w = level.power_w or 0.0
    found = evidence_of(run, "average_power_w")
    if found is None:
        return Judged("unmeasured", None, run, ("the figure cannot be read",))
    judged = against(run, found, limit_w, harmless=HARMLESS_TO_POWER)
    scope = run.figures["average_power_w"].scope
    if (
        judged.status == "not met"
        and (at_rate := _at_rate_w(level, run, is_language)) is not None
        and at_rate <= limit_w
    ):
        remark = f"back to back; at the demanded rate about {at_rate:.3g} W, interpolated from idle"
        return Judged("undecided", found, run, (remark,))
    if judged.status in ("met", "met with limits") and (scope or "").removesuffix(CALIBRATED) not in WHOLE_DEVICE:
        covers = scope_words(scope).partition(":")[0] if scope else "an unknown part of the device"
        return with_remark(judged, f"covers {covers}, and the device draws more", "undecided")
    return judged


def _at_rate_w(level: ServiceLevel, run: RunFacts, is_language: bool) -> float | None:
    """Idle + share of time at work x (load - idle); None where a part is not known."""
    idle, load = evidence_of(run, "idle_power_w"), evidence_of(run, "average_power_w")
    rate, demanded = capacity_of(run, is_language), level.load_per_s
    if idle is None or load is None or rate is None or demanded is None or rate.value <= 0:
        return None
    return idle.value + min(1.0, demanded / rate.value) * (load.value - idle.value)


def energy_condition(level: ServiceLevel, set_up: SetUp, is_language: bool) -> Condition | None:
    """Gross energy of one inference, or of one generated token."""
    if level.energy_j is None:
        return None
    metric = "energy_per_token_j" if is_language else "energy_per_inference_j"
    judged: Judged | None = None
    for run in measured_runs(set_up):
        found = evidence_of(run, metric)
        if found is None:
            continue
        judged = against(run, found, level.energy_j, harmless=HARMLESS_TO_ENERGY)
        scope = run.figures[metric].scope or ""
        if judged.status in ("met", "met with limits") and scope.removesuffix(CALIBRATED) not in WHOLE_DEVICE:
            judged = with_remark(judged, f"covers {scope_words(scope) if scope else 'an unknown part'}", "undecided")
        break
    return condition(
        "energy",
        f"at most {level.energy_j:g} J",
        judged,
        f"Not measured{_absent(set_up, metric)}",
        f"{set_up.measure} --energy" if set_up.measure else "",
    )


def memory_condition(level: ServiceLevel, set_up: SetUp, is_language: bool) -> Condition | None:
    """Peak RSS of the worker, at a context at least as long as demanded. Each further user adds a KV cache."""
    if level.memory_mib is None:
        return None
    context = level.context_tokens or 0

    def judge(run: RunFacts) -> Judged | None:
        found = evidence_of(run, "peak_memory_mib")
        return None if found is None else _memory(level, run, found, is_language)

    best = at_context(set_up, context, lambda run: run.prompt_tokens, judge)
    at = f" at {context:,} tokens of context" if context else ""
    options = f" --depth-tokens {context}" if context else ""
    return condition(
        "memory",
        f"at most {level.memory_mib:,.0f} MiB",
        best,
        f"Not measured{at}",
        f"{set_up.measure}{options}" if set_up.measure else "",
    )


def _memory(level: ServiceLevel, run: RunFacts, found: Evidence, is_language: bool) -> Judged:
    limit = level.memory_mib or 1.0
    judged = against(run, found, limit, is_statistical=False, harmless=HARMLESS_TO_MEMORY)
    if judged.status == "met" and found.value > MEMORY_HEADROOM * limit:
        judged = with_remark(judged, f"{found.value / limit:.0%} of the limit, and other runs may take more")
    if not is_language or level.users == 1 or judged.status in ("unmeasured", "not met"):
        return judged
    cache = evidence_of(run, "kv_cache_mib")
    if cache is None:
        return with_remark(judged, f"KV caches of {level.users - 1} more users not counted", "undecided")
    total = found.value + (level.users - 1) * cache.value
    ceiling = "met with limits" if total <= limit else "undecided"
    return with_remark(judged, f"about {total:,.0f} MiB with a KV cache for each of {level.users} users", ceiling)


def cost_conditions(level: ServiceLevel, set_up: SetUp, is_language: bool) -> list[Condition]:
    """Cost per 1,000 inferences or 1M tokens in the hub's scenario: modelled from measured and entered inputs."""
    limit, unit = (level.usd_per_1m_tokens, "1M tokens") if is_language else (level.usd_per_1000, "1,000 inferences")
    if limit is None:
        return []
    judged: Judged | None = None
    run = next(iter(measured_runs(set_up)), None)
    if set_up.cost is not None and run is not None:
        judged = against(run, set_up.cost, limit, is_statistical=False)
        if set_up.cost_reason and judged.status == "met":
            judged = with_remark(judged, set_up.cost_reason.rstrip("."))
    missing = f"Not known: {set_up.cost_reason.rstrip('.') or 'no price'}"
    return [condition("cost", f"at most ${limit:g} per {unit}", judged, missing, "")]


def _absent(set_up: SetUp, metric: str) -> str:
    reason = next((run.absent[metric] for run in set_up.runs if metric in run.absent), "")
    return f": {reason.rstrip('.')}" if reason else ""
