"""Words of closed lists that a hub does not know yet, replaced by what it reads: a newer agent keeps working with it.

A hub lists the words that it reads in its bootstrap document. One that lists none reads those of `FIRST_WORDS`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from edgeprof.wire.evaluation import Evaluation, EvaluationEnd
from edgeprof.wire.evidence import Timing, Trust, TrustCause, WindowEnd
from edgeprof.wire.failures import FAILURE_CODES, STAGES
from edgeprof.wire.formats import FORMATS
from edgeprof.wire.messages import Effective, Facts, Failure, Result

Words = Mapping[str, tuple[str, ...]]
"""The words by the name of their list, as in `WORDS`."""

WORDS: dict[str, tuple[str, ...]] = {
    "formats": FORMATS,
    "failure_codes": FAILURE_CODES,
    "stages": STAGES,
    "trust_causes": get_args(TrustCause),
    "window_ends": get_args(WindowEnd),
    "evaluation_ends": get_args(EvaluationEnd),
}
"""Every list that `facts_for` and `result_for` look after, as this build reads it."""

FIRST_WORDS: dict[str, tuple[str, ...]] = {
    "formats": ("onnx", "tflite", "gguf", "served"),
    "failure_codes": (
        *("cancelled", "crash", "does_not_fit", "download_failed", "external_data_outside", "hash_mismatch"),
        *("inference_error", "internal_error", "interrupted", "killed_unknown", "load_error", "no_result", "no_space"),
        *("not_a_model", "operator_unsupported", "out_of_memory", "runtime_missing", "shape_required"),
        *("thermal_abort", "timeout", "truncated", "wrong_format"),
    ),
    "stages": ("fetch", "verify", "start", "import", "load", "first_inference", "warmup", "measure", "report"),
    "trust_causes": (
        *("busy", "emulated", "hot_start", "noisy", "stalled", "suspect_output", "swapping", "throttled"),
        *("under_voltage", "unsettled", "unstable_clock"),
    ),
    "window_ends": ("precision", "time", "runs", "deadline"),
    "evaluation_ends": ("all", "item_limit", "time_limit", "crashes"),
}
"""Of the hubs from before the list was in the bootstrap. Never changed."""

_BEFORE_INFERENCE = ("fetch", "verify", "start", "import", "load")


def known_words(listed: Words) -> Words:
    """The words of a hub that lists these; a list that it leaves out, and no list at all, are of the first hubs."""
    return {**FIRST_WORDS, **listed}


def facts_for(facts: Facts, words: Words) -> Facts:
    """The facts without formats that the hub does not know; a runtime that is left without one is left out, too."""
    formats = words["formats"]
    kept = tuple(
        replace(runtime, formats=tuple(name for name in runtime.formats if name in formats))
        for runtime in facts.runtimes
        if any(name in formats for name in runtime.formats)
    )
    return replace(facts, runtimes=kept)


def result_for(result: Result, words: Words) -> Result:
    """The result in words that the hub knows. What a word said is kept in a text beside it.

    A new failure code `no_driver` of the stage `load` becomes `load_error` with the message `no_driver: ...`; a trust
    mark of a new cause becomes a note of what ran.
    """
    trust, notes = _trust_for(result.trust, words)
    evaluation, end_notes = _evaluation_for(result.evaluation, words)
    return replace(
        result,
        failure=_failure_for(result.failure, words),
        trust=trust,
        timing=_timing_for(result.timing, words),
        evaluation=evaluation,
        effective=_with_notes(result.effective, (*notes, *end_notes)),
    )


def _failure_for(failure: Failure | None, words: Words) -> Failure | None:
    if failure is None:
        return None
    if failure.stage not in words["stages"]:
        failure = replace(failure, stage="measure")
    if failure.code in words["failure_codes"]:
        return failure
    code = "load_error" if failure.stage in _BEFORE_INFERENCE else "inference_error"
    return replace(failure, code=code, message=f"{failure.code}: {failure.message}")


def _trust_for(trust: Trust | None, words: Words) -> tuple[Trust | None, tuple[str, ...]]:
    """The badge with the marks that the hub knows, and each other mark as a note.

    A badge that is left without a mark would say clean: there is none then, which reads as not checked.
    """
    if trust is None:
        return None, ()
    known = tuple(mark for mark in trust.marks if mark.cause in words["trust_causes"])
    notes = tuple(f"{m.cause}: {m.reason}" for m in trust.marks if m not in known)
    return (None if notes and not known else replace(trust, marks=known)), notes


def _timing_for(timing: Timing | None, words: Words) -> Timing | None:
    return replace(timing, window_end="time") if timing and timing.window_end not in words["window_ends"] else timing


def _evaluation_for(found: Evaluation | None, words: Words) -> tuple[Evaluation | None, tuple[str, ...]]:
    """An end that the hub does not know becomes the one of an evaluation that could not go on."""
    if found is None or found.ended in words["evaluation_ends"]:
        return found, ()
    return replace(found, ended="crashes"), (f"the evaluation ended by: {found.ended}",)


def _with_notes(effective: Effective | None, notes: tuple[str, ...]) -> Effective | None:
    return replace(effective, notes=(*effective.notes, *notes)) if effective and notes else effective
