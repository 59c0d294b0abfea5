"""What is known of an evaluation, put into the wire's one Result document: figures, problems, what ran. Pure."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from edgeprof.quality.evaluation_set import EvaluationSet, Item
from edgeprof.quality.grouped_interval import for_groups, group_count
from edgeprof.quality.outcomes import Outcome, encode_outcomes
from edgeprof.quality.tasks.base import QualityTask
from edgeprof.version import __version__
from edgeprof.wire.evaluation import MAX_PROBLEMS, Evaluation, EvaluationEnd, ItemProblem
from edgeprof.wire.evidence import Conditions, Trust
from edgeprof.wire.identity import config_key, model_bytes, sha256_hex
from edgeprof.wire.messages import ArtifactRef, DeviceState, Effective, Failure, Result
from edgeprof_agent.evaluating.answer_notes import answer_notes
from edgeprof_agent.evaluating.observing import CAUSES, Observer, conditions_in, trust_in
from edgeprof_agent.evaluating.worker_lines import EvaluationOutput
from edgeprof_agent.evaluating.workers import WorkersEnd
from edgeprof_agent.machine import userland
from edgeprof_agent.measuring.arithmetic import kernels_of
from edgeprof_agent.measuring.artifacts import fitted
from edgeprof_agent.measuring.effective import bare_effective
from edgeprof_agent.measuring.extras import Extras
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.measuring.reporting import isolation_of
from edgeprof_agent.measuring.worker_run import Header
from edgeprof_agent.telemetry import state
from edgeprof_agent.worker_protocol.document import Evaluated, no_operators

OUTCOMES = "outcomes"
"""The artifact's name."""
PARTS = ("decode", "prepare", "model", "finish")
MAX_REASON_CHARS = 300
_PIPELINE = (("pipeline_p50_ms", 0.5), ("pipeline_p95_ms", 0.95))


@dataclass(frozen=True, kw_only=True)
class EvaluationRun:
    """Everything known once the last worker has ended. `outcomes`: of the asked items, in the set's order."""

    found: EvaluationSet
    task: QualityTask
    asked: int
    outcomes: Sequence[Outcome]
    resumed: int
    end: WorkersEnd
    before: DeviceState
    after: DeviceState
    observer: Observer


def result_of(header: Header, run: EvaluationRun) -> tuple[Result, dict[str, bytes]]:
    """The result, measured or failed, and its artifacts by SHA-256. Outcomes of a run that failed go with it, too."""
    answered = [outcome for outcome in run.outcomes if not outcome.problem]
    failure = run.end.failure or (None if answered else _no_answers(run))
    extras = Extras()
    conditions = extras.attempt("the conditions", lambda: conditions_in(run.observer), None)
    figures = _figures(run, answered, model_bytes(header.model.manifest), extras) if failure is None else Figures()
    data = encode_outcomes(run.outcomes)
    artifact = ArtifactRef(name=OUTCOMES, sha256=sha256_hex(data), size=len(data), media_type="application/x-ndjson")
    limits = run.end.limits
    result = Result(
        result_id=header.result_id,
        job_id=header.job_id,
        attempt=header.attempt,
        device_id=header.device_id,
        model_id=header.model.model_id,
        model_name=header.model.name,
        config=header.config,
        config_key=config_key(header.config),
        protocol=header.protocol,
        status="measured" if failure is None else "failed",
        failure=failure,
        effective=_effective(header, run, extras),
        metrics=tuple(figures.rows),
        absent=tuple(figures.absent),
        samples_ms=(),
        artifacts=(artifact,) if run.outcomes else (),
        started=header.started,
        finished=state.stamp(),
        before=run.before,
        after=run.after,
        conditions=conditions,
        trust=_trust(header, run, conditions, extras) if failure is None else None,
        isolation=isolation_of(run.end.exit, limits) if run.end.exit and limits else None,
        emulated=header.emulated,
        replayed=header.replays,
        agent_version=__version__,
        evaluation=_evaluation(run, answered),
    )
    short, moved = fitted(result)
    return short, {**({artifact.sha256: data} if run.outcomes else {}), **moved}


def _trust(header: Header, run: EvaluationRun, conditions: Conditions | None, extras: Extras) -> Trust:
    """Of its times. A run whose causes could not be looked for is not a run without any."""
    trust, why = None, None
    if conditions is not None:
        states = (run.before, run.after)
        trust, why = extras.outcome(
            "the trust checks",
            lambda: trust_in(conditions, states, run.observer.passed, emulated=header.emulated, replays=header.replays),
            None,
        )
    return trust or Trust(marks=(), unchecked=dict.fromkeys(CAUSES, why or "no worker answered an item here"))


def _no_answers(run: EvaluationRun) -> Failure:
    """Why a run without a single answer failed."""
    if not run.outcomes:
        limit_s = f"{run.end.limits.deadline_s:.0f} s" if run.end.limits else "its time limit"
        message = f"No item was answered within {limit_s}. Give the run more time, or fewer items."
        return Failure(stage="evaluate", code="timeout", message=message)
    first = run.outcomes[0]
    message = f"None of {len(run.outcomes):,} items was answered. Item {first.item_id}: {first.problem}."
    log = run.end.exit.log if run.end.exit else ""
    return Failure(stage="evaluate", code="no_answers", message=message[:1000], log=log)


def _figures(run: EvaluationRun, answered: Sequence[Outcome], model_size_bytes: int, extras: Extras) -> Figures:
    figures = Figures()
    items: dict[str, Item] = {str(item["id"]): item for item in run.found.items}
    for of_items in run.task.figures(items, run.found.facts, answered):
        figure = for_groups(of_items, answered)
        interval = None if figure.ci_low is None or figure.ci_high is None else (figure.ci_low, figure.ci_high)
        figures.add(figure.metric, figure.value, figure.n, interval)
    times_ms = [outcome.pipeline_ns / 1e6 for outcome in answered if outcome.pipeline_ns]
    if times_ms:
        extras.attempt("the pipeline's time", lambda: figures.add_percentiles(times_ms, _PIPELINE), None)
    figures.add("model_size_mib", model_size_bytes / 1024**2)
    return figures


def _evaluation(run: EvaluationRun, answered: Sequence[Outcome]) -> Evaluation:
    problems = [outcome for outcome in run.outcomes if outcome.problem]
    return Evaluation(
        set_id=run.found.set_id,
        set_name=run.found.facts.name,
        task=run.task.name,
        asked=run.asked,
        answered=len(answered),
        ended=_ended(run),
        problems=tuple(
            ItemProblem(item_id=one.item_id[:MAX_REASON_CHARS], reason=one.problem[:MAX_REASON_CHARS])
            for one in problems[:MAX_PROBLEMS]
        ),
        problem_count=len(problems),
        unanswered=run.asked - len(answered),
        resumed=run.resumed,
        batch_shape=next((one.batch_shape for one in run.end.outputs if one.batch_shape is not None), ""),
        groups=group_count(answered),
        architecture=userland(Path("/"), platform.machine()) or platform.machine(),
        pipeline_parts_ms=_parts_ms(answered),
        language=run.found.facts.language,
        parent=run.found.facts.parent,
        perturbation=run.found.facts.perturbation,
        context_tokens=next((each.get("context_tokens") for each in _told(run)), None),
    )


def _ended(run: EvaluationRun) -> EvaluationEnd:
    if run.end.ended == "all" and run.asked < len(run.found.items):
        return "item_limit"
    return run.end.ended


def _parts_ms(answered: Sequence[Outcome]) -> dict[str, float]:
    """The median of each part that any item has."""
    parts = {part: [one.parts_ns[part] / 1e6 for one in answered if part in one.parts_ns] for part in PARTS}
    return {part: median(times_ms) for part, times_ms in parts.items() if times_ms}


def _told(run: EvaluationRun) -> list[Evaluated]:
    return [output.evaluated for output in run.end.outputs if output.evaluated is not None]


def _effective(header: Header, run: EvaluationRun, extras: Extras) -> Effective | None:
    """None where no worker came to its end."""
    output = next((each for each in run.end.outputs if each.evaluated is not None), None)
    if output is None:
        return None
    bare = _bare(header, output)
    made = extras.attempt("the effective configuration", lambda: _with_operators(header, bare, output), bare)
    items = {str(item["id"]): item for item in run.found.items}
    answered = [outcome for outcome in run.outcomes if not outcome.problem]
    doubts = answer_notes(items, run.found.facts, answered)
    return replace(made, notes=(*doubts, *made.notes, *run.end.notes, *extras.problems))


def _bare(header: Header, output: EvaluationOutput) -> Effective:
    evaluated = output.evaluated
    assert evaluated is not None
    setting = evaluated["setting"]
    notes = (*(header.path.notes if header.path else ()), *setting["notes"])
    return bare_effective(header, setting, evaluated["affinity"], notes)


def _with_operators(header: Header, bare: Effective, output: EvaluationOutput) -> Effective:
    operators = output.operators or no_operators()
    counts = (operators["integer_kernels"], operators["float_kernels"], operators["half_kernels"])
    kernels = kernels_of(operators["operators"], *counts, header.weights.matmul_nbits if header.weights else {})
    unread = output.parts_failed.get("report")
    return replace(
        bare,
        nodes_per_provider=operators["nodes_per_provider"],
        operators=operators["operators"],
        integer_kernels=kernels.integer,
        float_kernels=kernels.floats,
        notes=(
            *bare.notes,
            *operators["notes"],
            *kernels.notes,
            *([f"the executed operators could not be read: {unread}"] if unread else []),
        ),
    )
