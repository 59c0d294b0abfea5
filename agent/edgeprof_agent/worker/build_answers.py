"""A program of its own: what a model answers on its inputs, saved, and held against what another build saved.

    python -m edgeprof_agent.worker.build_answers OUT.npz [OTHER.npz] < JOB.json

The job is that of a worker. Tensors: every output of one inference on the run's own inputs, the same on every machine.
Texts: the log-probabilities after each of a few tokens. It prints one line of JSON: `{"outputs": [...]}` with each
output's difference from OTHER, or `{"problem": "..."}`.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any, cast

import numpy as np

from edgeprof_agent.worker_protocol.adapter import AnswersTexts, Runtime, RuntimeFailure, ShowsOutputs
from edgeprof_agent.worker_protocol.document import WorkerJob, job_from
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

Arrays = dict[str, Any]
_TEXT = "The quick brown fox jumps over the lazy dog, and then it walks home slowly because the day was long."
_MAX_ROWS = 32


def main(arguments: list[str]) -> int:
    """0: an outcome was printed."""
    job = job_from(json.load(sys.stdin))
    try:
        found = answers_of(job)
        np.savez(arguments[0], **{f"{place}:{name}": value for place, (name, value) in enumerate(found.items())})
        other = _loaded(Path(arguments[1])) if len(arguments) > 1 else {}
        print(json.dumps({"outputs": [difference(name, found.get(name), other[name]) for name in other]}))
    except Exception as error:  # whatever a build raises is a fact about the build
        print(json.dumps({"problem": f"{type(error).__name__}: {error}"[:1000]}))
    return 0


def answers_of(job: WorkerJob) -> Arrays:
    """By the output's name. Raises RuntimeFailure for a model that shows nothing to compare."""
    variant = VARIANTS[job["config"].runtime]
    importlib.import_module(variant.imported)
    module, _, name = variant.target.partition(":")
    model = cast(Runtime, getattr(importlib.import_module(module), name)()).open(job)
    if model.kind == "tensor":
        model.bind()
        model.infer()
        if isinstance(model, ShowsOutputs):
            return {name: value for name, value in model.outputs().items() if isinstance(value, np.ndarray)}
    elif isinstance(model, AnswersTexts):
        tokens = model.tokenize(_TEXT)[:_MAX_ROWS]
        return {"log-probabilities": np.asarray(model.log_probabilities(tokens))}
    raise RuntimeFailure("unsupported_task", f"{job['config'].runtime} does not show what a model put out.")


def difference(name: str, found: Any, other: Any) -> dict[str, object]:
    """One output against another build's."""
    base: dict[str, object] = {"name": name, "largest": None, "top_differs": 0.0, "problem": ""}
    if found is None or found.shape != other.shape:
        shape = "is missing" if found is None else f"has the shape {found.shape}, not {other.shape}"
        return {**base, "problem": shape}
    if found.dtype.kind not in "biufc":
        same = bool((found == other).all())
        return {**base, "largest": 0.0 if same else None, "problem": "" if same else "holds other texts"}
    mine, theirs = found.astype(np.float64), other.astype(np.float64)
    finite = np.isfinite(mine) & np.isfinite(theirs)
    if not np.array_equal(np.isfinite(mine), np.isfinite(theirs)):
        return {**base, "problem": "holds values that are not finite in one of the two only"}
    if not finite.any():
        return {**base, "largest": 0.0}
    gap = float(np.abs(np.where(finite, mine - theirs, 0.0)).max())
    span = float(theirs[finite].max() - theirs[finite].min()) or float(np.abs(theirs[finite]).max()) or 1.0
    return {**base, "largest": gap / span, "top_differs": _top_differs(mine, theirs)}


def _top_differs(mine: Any, theirs: Any) -> float:
    """The share of rows of a table of at least two columns whose largest entry is another one; ties do not count."""
    if mine.ndim < 2 or mine.shape[-1] < 2 or mine.ndim > 3:
        return 0.0
    rows, others = mine.reshape(-1, mine.shape[-1]), theirs.reshape(-1, theirs.shape[-1])
    top = rows.argmax(axis=1)
    is_tie = np.take_along_axis(others, top[:, None], axis=1)[:, 0] == others.max(axis=1)
    return float(1.0 - is_tie.mean()) if len(rows) else 0.0


def _loaded(file: Path) -> Arrays:
    with np.load(file, allow_pickle=False) as read:
        return {key.partition(":")[2]: read[key] for key in read.files}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
