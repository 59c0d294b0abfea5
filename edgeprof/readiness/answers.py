"""Conditions on what a model answers: the demanded quality, and its family's gate. Pure."""

from edgeprof.readiness.condition import Condition, Judged, condition
from edgeprof.readiness.evidence import SetUp
from edgeprof.readiness.level import ServiceLevel
from edgeprof.readiness.status import Status, at_least, at_most
from edgeprof.wire.metrics import METRICS

_GATES: dict[str, tuple[Status, str]] = {
    "passes": ("met", "Passes its family's gate"),
    "reference": ("met", "Is its family's reference"),
    "fails": ("not met", "Fails its family's gate"),
    "undecided": ("met with limits", "Its family's gate is undecided"),
}


def quality_condition(level: ServiceLevel, set_up: SetUp) -> Condition | None:
    """The figure on the family's lead set, as this set-up answered it."""
    if level.quality is None:
        return None
    metric = METRICS[level.quality_metric]
    is_error = metric.better == "lower"
    found = set_up.quality
    judged: Judged | None = None
    reason = set_up.quality_reason
    if found is not None and found.metric == level.quality_metric:
        status = at_most(found, level.quality) if is_error else at_least(found, level.quality)
        remark = f"{found.unreal} figures show nothing about this device" if found.unreal else ""
        if not remark and status in ("met with limits", "undecided"):
            remark = "the 95 % interval includes the limit: use a larger set"
        remarks = (f"on {set_up.quality_set}" if set_up.quality_set else "", remark)
        judged = Judged(status, found, None, tuple(filter(None, remarks)))
    elif found is not None:
        reason = f"Its set gives {METRICS[found.metric].title if found.metric in METRICS else found.metric}"
    return condition(
        "quality",
        f"{metric.title} at {'most' if is_error else 'least'} {level.quality:g} {metric.unit}".rstrip(),
        judged,
        f"Not measured{f': {reason.rstrip(chr(46))}' if reason else ''}",
        f"{set_up.measure} --evaluate SET --evaluate-only" if set_up.measure else "",
    )


def gate_condition(set_up: SetUp) -> Condition | None:
    """What the family's gate says of this set-up; None where the family has none."""
    if set_up.gate is None:
        return None
    status, text = _GATES[set_up.gate]
    sentence = set_up.gate_sentence.strip() or f"{text}."
    return Condition(
        name="gate",
        demand="the family's quality gate",
        status=status,
        sentence=sentence,
        measure=f"{set_up.measure} --evaluate SET --evaluate-only" if set_up.gate == "undecided" else "",
    )
