"""Whether a candidate answers as the baseline does: each asked once, in a child process, on the same inputs."""

import json
import math
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from edgeprof_agent.measuring.llama_path import path_of
from edgeprof_agent.measuring.lock import measuring
from edgeprof_agent.measuring.measure import on_chosen_cores
from edgeprof_agent.measuring.model_facts import facts_of
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.measuring.worker_job import job_of
from edgeprof_agent.runtimes import registry

ROUNDING = 1e-3
"""Of an output's largest value: what another order of additions may come to in 32-bit floats, with room."""
_MODULE = "edgeprof_agent.worker.answers"


class AnswerCheck(NamedTuple):
    """What came of one comparison. `same`: None where the answers could not be had."""

    same: bool | None
    words: str


class AnswerBook:
    """The baseline's answers in a folder, and what others are against them."""

    def __init__(self, folder: Path, baseline: MeasureRequest) -> None:
        self._folder, self._baseline = folder, baseline
        self._reference = folder / "baseline.npz"

    def check(self, request: MeasureRequest) -> AnswerCheck:
        """The baseline is asked when the first candidate is."""
        if not self._reference.exists():
            problem = _asked(self._baseline, self._reference, None).get("problem")
            if problem is not None:
                return AnswerCheck(None, f"not compared: the baseline gave no answers ({problem})")
        told = _asked(request, self._folder / "candidate.npz", self._reference)
        if "problem" in told:
            return AnswerCheck(None, f"not compared: {told['problem']}")
        return _judged(float(told["largest"]), bool(told["equal"]), request.model.format == "gguf")


def _judged(largest: float, equal: bool, is_text: bool) -> AnswerCheck:
    if equal:
        return AnswerCheck(True, "32 greedy tokens are the same" if is_text else "outputs are bit-equal")
    if is_text:
        return AnswerCheck(False, f"the greedy tokens differ in the last {largest:.0%}".replace("%", " %"))
    if math.isinf(largest):
        return AnswerCheck(False, "outputs differ in shape, type or where they are finite")
    share = f"outputs differ by at most {largest:.1e} of their largest value"
    return AnswerCheck(largest <= ROUNDING, share)


def _asked(request: MeasureRequest, file: Path, reference: Path | None) -> dict[str, Any]:
    """What the child process says; `problem` where it says nothing."""
    request = on_chosen_cores(request)
    path = path_of(request.config)
    run_as = replace(request, config=replace(request.config, runtime=path.runtime))
    deadline_s = request.protocol.deadline_s
    job = job_of(run_as, "measure", deadline_s, facts=facts_of(request), eval_callback=path.eval_callback)
    ask = msgspec.json.encode(
        {"job": job, "file": str(file.resolve()), "reference": str(reference.resolve()) if reference else None}
    )
    python = registry.worker_python(request.config.runtime)
    with measuring(lambda: None, threading.Event()):  # it would disturb somebody else's window
        try:
            done = subprocess.run([python, "-m", _MODULE], input=ask, capture_output=True, timeout=deadline_s)
        except subprocess.TimeoutExpired:
            return {"problem": f"no answer within {deadline_s:g} s"}
    try:
        told: dict[str, Any] = json.loads(done.stdout.decode(errors="replace").strip().splitlines()[-1])
    except (IndexError, ValueError):
        return {"problem": f"its process ended with exit code {done.returncode}"}
    return told
