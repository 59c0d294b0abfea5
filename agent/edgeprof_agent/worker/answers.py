"""A program of its own: what a model answers in one configuration, compared with what it answered in another.

    python -m edgeprof_agent.worker.answers < ASK.json

The document: `job` as a worker takes it, `file` (written with the answers), `reference` (a file to compare with, or
null). The inputs are those of a measured run, which follow from the run's seed; a language model continues a prompt of
random tokens greedily. It prints one line of JSON: `problem`, or `equal` and `largest` (the largest difference over the
largest value of the output it lies in; of a language model, the share of tokens from the first other one on).
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from edgeprof_agent.worker.opening import check_settings, imported
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from edgeprof_agent.worker_protocol.document import WorkerJob, job_from

_TOKENS = 32
_PROMPT_TOKENS = 32


def main() -> int:
    """0: one line was printed."""
    asked: dict[str, Any] = json.load(sys.stdin)
    try:
        print(json.dumps(_told(asked)))
    except (RuntimeFailure, ImportError, OSError, ValueError) as error:
        print(json.dumps({"problem": str(error)}))
    except Exception as error:  # whatever a runtime raises
        print(json.dumps({"problem": f"{type(error).__name__}: {error}"}))
    return 0


def _told(asked: dict[str, Any]) -> dict[str, Any]:
    found = _answers(job_from(asked["job"]))
    with open(asked["file"], "wb") as stream:
        np.savez(stream, allow_pickle=False, **found)
    if asked["reference"] is None:
        return {"equal": True, "largest": 0.0}
    with np.load(Path(asked["reference"]), allow_pickle=False) as reference:
        return compared({name: reference[name] for name in reference.files}, found)


def _answers(job: WorkerJob) -> dict[str, Any]:
    check_settings(job)
    runtime, _ = imported(job["config"].runtime)
    model: Any = runtime.open(job)
    if model.kind == "tensor":
        model.bind()
        model.infer()
        return {f"output_{place}": value for place, value in enumerate(model.values())}
    if not hasattr(model, "generate_greedy"):
        raise RuntimeFailure("unsupported_task", f"{job['config'].runtime} gives no single tokens")
    count = min(_TOKENS, job["config"].decode_tokens)
    prompt = model.random_prompt(min(_PROMPT_TOKENS, job["config"].prompt_tokens))
    return {"tokens": np.asarray(model.generate_greedy(prompt, count), np.int64)}


def compared(reference: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Both sides' arrays by name. `largest` is infinite where shapes, types or texts differ."""
    if set(reference) != set(found):
        return {"equal": False, "largest": float("inf")}
    if set(found) == {"tokens"}:
        return _tokens_compared(reference["tokens"], found["tokens"])
    largest, equal = 0.0, True
    for name, other in found.items():
        one = reference[name]
        if one.shape != other.shape or one.dtype != other.dtype:
            return {"equal": False, "largest": float("inf")}
        if one.tobytes() == other.tobytes():
            continue
        equal = False
        largest = max(largest, _difference(one, other))
    return {"equal": equal, "largest": largest}


def _difference(one: Any, other: Any) -> float:
    """Of numbers that are not finite in the same places, nothing more can be said than that they differ."""
    if one.dtype.kind not in "biufc":
        return float("inf")
    a, b = one.astype(np.float64, copy=False), other.astype(np.float64, copy=False)
    finite = np.isfinite(a)
    if not np.array_equal(finite, np.isfinite(b)):
        return float("inf")
    if not finite.any():
        return 0.0
    size = float(np.abs(a[finite]).max())
    apart = float(np.abs(a[finite] - b[finite]).max())
    return apart / size if size else float(apart > 0)


def _tokens_compared(one: Any, other: Any) -> dict[str, Any]:
    if one.shape == other.shape and bool((one == other).all()):
        return {"equal": True, "largest": 0.0}
    length = min(len(one), len(other))
    same = next((place for place in range(length) if one[place] != other[place]), length)
    return {"equal": False, "largest": 1.0 - same / max(1, len(one))}


if __name__ == "__main__":
    sys.exit(main())
