"""Jobs that evaluate: one more for each cell and set, or why the device cannot run it. Pure functions."""

from collections.abc import Sequence
from dataclasses import replace

from edgeprof.errors import UsageError
from edgeprof.quality.tasks.table import TASKS
from edgeprof.wire import rest
from edgeprof.wire.formats import is_language
from edgeprof.wire.messages import RunConfig, RunProtocol
from edgeprof.wire.run_limits import problem
from edgeprof_hub.broker.dispatch import ABILITY, CANNOT_EVALUATE

WITHOUT_LOGITS = {
    "xllamacpp": "Use --runtime llama-capi or llama-cpp-python.",
    "openai-api": "Evaluate the model's file on a device.",
}
"""Runtimes whose adapters do not offer `AnswersTexts`, and what to use."""
_MIB = 2**20


def check(
    request: rest.CampaignRequest, sets: Sequence[rest.EvaluationSetRecord], models: Sequence[rest.ModelRecord]
) -> None:
    """Raises UsageError for a set that no model of the campaign can answer, and for shots out of range."""
    found = problem(RunConfig(runtime="any", shots=request.shots), RunConfig)
    if found:
        raise UsageError(found.code, found.sentence)
    if request.shots and not sets:
        raise UsageError("bad_shots", "Examples in a prompt need an evaluation set. Add one with --evaluate.")
    if request.evaluate_only and not sets:
        raise UsageError("empty_campaign", "Nothing to do: name the evaluation sets with --evaluate.")
    for one in sets:
        count = _examples(one)
        if request.shots > count and _kind(one) == "text":
            raise UsageError("bad_shots", f"The set {one.name} has {count} examples; use --shots {count} or less.")
        if not any(fits(one, model) for model in models):
            kind = "language models" if _kind(one) == "text" else "models with tensors in and out"
            raise UsageError("wrong_set", f"The evaluation set {one.name} ({one.task}) is for {kind}. Choose another.")


def fits(one: rest.EvaluationSetRecord, model: rest.ModelRecord) -> bool:
    """Whether a set's task is for this kind of model."""
    return _kind(one) == ("text" if is_language(model.format) else "tensor")


def in_order(
    sets: Sequence[rest.EvaluationSetRecord], models: Sequence[rest.ModelRecord]
) -> list[rest.EvaluationSetRecord]:
    """Sets of the models' own tasks first, then those for their kind, then the others; each group by task and name."""
    tasks = {str(model.task) for model in models}

    def place(one: rest.EvaluationSetRecord) -> tuple[int, str, str]:
        is_for_kind = any(fits(one, model) for model in models)
        return (0 if one.task in tasks else 1 if is_for_kind else 2, one.task, one.name.lower())

    return sorted(sets, key=place)


def config_of(speed: RunConfig, one: rest.EvaluationSetRecord, shots: int) -> RunConfig:
    """The evaluation's configuration: the same set-up as that of the speed. Shots are for language models only."""
    return replace(speed, evaluation_set=one.set_id, shots=shots if _kind(one) == "text" else 0)


def protocol_of(asked: RunProtocol) -> RunProtocol:
    """The campaign's protocol without what only a measurement of speed does."""
    return replace(asked, sweep=(), soak_s=0.0, cold_start=False)


def refusal(
    one: rest.EvaluationSetRecord,
    config: RunConfig,
    model: rest.ModelRecord,
    device: rest.DeviceRecord,
    *,
    has_model: bool,
) -> str:
    """Why this device cannot run it, in sentences; empty where nothing speaks against it.

    `has_model`: the device ran the model before, so it need not find room for it.
    """
    facts = device.facts
    if facts is None:
        return ""
    if ABILITY not in facts.abilities:
        return CANNOT_EVALUATE
    if reason := no_logits(_kind(one), one.task, config.runtime):
        return reason
    needed_mib = (one.size_bytes + (0 if has_model else model.size_bytes)) / _MIB
    if facts.disk_free_mib is not None and needed_mib > facts.disk_free_mib:
        what = "The set needs" if has_model else "Set and model need"
        return (
            f"{what} {needed_mib:,.0f} MiB; the device has {facts.disk_free_mib:,.0f} MiB free. "
            "Free disk space on the device."
        )
    return ""


def no_logits(kind: str, task: str, runtime: str) -> str:
    """Language tasks ask for logits, which not every runtime shows; empty where this one does."""
    if kind != "text" or runtime not in WITHOUT_LOGITS:
        return ""
    return f"{runtime} shows no logits, which {task} needs. {WITHOUT_LOGITS[runtime]}"


def _examples(one: rest.EvaluationSetRecord) -> int:
    """How many solved examples a set brings."""
    found = one.facts.get("preparation", {}).get("examples")
    return len(found) if isinstance(found, list) else 0  # pyright: ignore[reportUnknownArgumentType]


def _kind(one: rest.EvaluationSetRecord) -> str:
    task = TASKS.get(one.task)
    return task.kind if task is not None else "tensor"
