"""The agent's p50 over a bare timing loop's on the same runtime: alternated pairs, in one run."""

import argparse
import json
import subprocess
import sys
import threading
from pathlib import Path

from benchmarks.paired import median_ratio
from edgeprof.modelfiles import inspect
from edgeprof.wire import identity
from edgeprof.wire.messages import ModelRef, RunConfig, RunProtocol
from edgeprof_agent.measuring.measure import measure
from edgeprof_agent.measuring.request import MeasureRequest

BUNDLED = Path(__file__).parents[1] / "model_exports" / "edgeprof_exports" / "bundled"
RUNTIMES = {"onnx": "onnxruntime", "tflite": "litert"}
TARGET = 0.02


def silent(stage: str, fraction: float | None, note: str) -> None:
    """Progress that nobody watches."""


def agent_p50_ms(path: Path, window_s: float) -> float:
    """Median latency as the agent reports it, through the whole path: worker process, isolation, summary."""
    file = inspect(path)
    model_id = identity.model_id(file.manifest)
    request = MeasureRequest(
        result_id=identity.new_id(),
        job_id=None,
        attempt=1,
        device_id="d-benchmark",
        model=ModelRef(model_id=model_id, name=path.stem, format=file.format, manifest=file.manifest),
        model_dir=file.folder,
        config=RunConfig(runtime=RUNTIMES[file.format], threads=1),
        protocol=RunProtocol(
            window_s=window_s,
            window_limit_s=window_s,  # as long as the bare loop's, however precise
            warmup_runs=50,
            warmup_limit_s=window_s / 2,
            max_runs=10_000_000,
            cold_start=False,
        ),
        emulated=False,
        memory_limit_mib=None,
        cores=None,
    )
    result, _ = measure(request, silent, threading.Event())
    if result.failure:
        raise SystemExit(f"{path.name}: {result.failure.code}: {result.failure.message}")
    return next(row.value for row in result.metrics if row.metric == "latency_p50_ms")


def bare_p50_ms(path: Path, window_s: float) -> float:
    """Median latency of the bare loop, in a process of its own."""
    kind = "onnx" if path.suffix == ".onnx" else "tflite"
    command = [sys.executable, "-m", "benchmarks.bare_loop", kind, str(path), str(window_s)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Alternate the two sides, the order of each pair reversed from the last (ABBA)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", type=Path, help="ONNX and TFLite files (default: the bundled digits CNN)")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--window-s", type=float, default=1.5)
    parser.add_argument("--json", type=Path, help="keep the pairs here")
    asked = parser.parse_args()
    kept: dict[str, list[tuple[float, float]]] = {}
    for path in asked.models or sorted(BUNDLED.glob("*.onnx")) + sorted(BUNDLED.glob("*.tflite")):
        pairs: list[tuple[float, float]] = []
        for turn in range(asked.pairs):
            if turn % 2:
                theirs = bare_p50_ms(path, asked.window_s)
                ours = agent_p50_ms(path, asked.window_s)
            else:
                ours = agent_p50_ms(path, asked.window_s)
                theirs = bare_p50_ms(path, asked.window_s)
            pairs.append((ours, theirs))
        ratio = median_ratio(pairs)
        inside = ratio.ci_low >= 1 - TARGET and ratio.ci_high <= 1 + TARGET
        verdict = "the interval lies inside" if inside else "the interval does NOT lie inside"
        print(f"{path.name:<28} agent / bare p50 = {ratio}; {verdict} ±{TARGET:.0%}", flush=True)
        kept[path.name] = pairs
    if asked.json:
        asked.json.write_text(json.dumps(kept))


if __name__ == "__main__":
    main()
