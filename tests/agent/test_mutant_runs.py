"""Mutants of real models, whole through the agent's path to the worker: the agent's process lives, the next model runs.

EDGEPROF_MUTANTS=300 runs so many of each format, which takes a second each; EDGEPROF_MUTANTS=300:600 the next 300.
Readers see 900 in every run (tests/modelfiles/test_mutants.py).
"""

import os
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.wire import identity
from edgeprof.wire.files import FileRef
from edgeprof.wire.messages import RunProtocol
from edgeprof_agent.measuring.request import MeasureRequest
from tests.agent.gguf_models import tiny_llama
from tests.agent.measuring import BUNDLED, measured, request_for
from tests.modelfiles.mutants import mutated

FIRST, _, END = os.environ.get("EDGEPROF_MUTANTS", "3").rpartition(":")
SEEDS = range(int(FIRST or 0), int(END))
FEW = 10
MAX_NEXT_S = 2.0
"""From the end of a run that failed to the first sign of the next one; looked at where many are run."""
SHORT = RunProtocol(
    warmup_runs=1,
    warmup_limit_s=0.1,
    min_runs=2,
    window_s=0.02,
    window_limit_s=0.05,
    deadline_s=15,
    cold_start=False,
    heat_wait_s=0.0,
    energy=False,
)
RUNTIMES = {"onnx": "onnxruntime", "tflite": "litert", "gguf": "llama-capi"}


def whole_model(kind: str, folder: Path) -> Path:
    if kind == "gguf":
        return tiny_llama(folder / "whole.gguf")
    copy = folder / f"whole.{kind}"
    copy.write_bytes((BUNDLED / f"digits-cnn-int8.{kind}").read_bytes())
    return copy


def request_of(like: MeasureRequest, folder: Path, name: str, content: bytes) -> MeasureRequest:
    """A request for these bytes, which no reader of ours has looked at."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    file = FileRef(path=name, size=len(content), sha256=identity.sha256_hex(content))
    manifest = identity.manifest_of(name, [file])
    model = replace(like.model, model_id=identity.model_id(manifest), manifest=manifest)
    return replace(like, result_id=identity.new_id(), model=model, model_dir=folder)


@pytest.mark.timeout(60 + 20 * len(SEEDS))
@pytest.mark.parametrize("kind", RUNTIMES)
def test_a_mutant_is_measured_or_named_and_the_next_model_runs_at_once(tmp_path: Path, kind: str) -> None:
    path = whole_model(kind, tmp_path)
    whole = request_for(path, RUNTIMES[kind], protocol=SHORT)
    content = path.read_bytes()
    outcomes: Counter[str] = Counter()
    slowest_s = 0.0
    for seed in SEEDS:
        request = request_of(whole, tmp_path / "mutant", path.name, mutated(content, seed))
        result = measured(request)
        code = result.failure.code if result.failure else result.status
        outcomes[code] += 1
        assert code != "internal_error", f"{kind}, seed {seed}: {result.failure}"
        if result.failure and result.failure.code in ("crash", "timeout", "out_of_memory", "killed_unknown"):
            began_s = time.monotonic()
            assert measured(replace(whole, result_id=identity.new_id())).status == "measured", f"{kind}, seed {seed}"
            slowest_s = max(slowest_s, time.monotonic() - began_s)
    assert measured(replace(whole, result_id=identity.new_id())).status == "measured"
    seeds = f"seeds {SEEDS.start} to {SEEDS.stop - 1}"
    print(f"{kind}, {seeds}: {dict(outcomes.most_common())}, slowest next run {slowest_s:.1f} s")
    assert len(SEEDS) <= FEW or slowest_s < MAX_NEXT_S
