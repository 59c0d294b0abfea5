"""The agent's p50 over another's on the same runtime: alternated pairs, in one run.

The other is `litert-benchmark`, which comes with ai-edge-litert, for TFLite models of a millisecond and more (it writes
two decimals of a millisecond), and a bare timing loop for all others.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
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
LITERT_BENCHMARK = "litert-benchmark"
MIN_RESOLVED_MS = 1.0
"""0.01 ms are 1 % of it."""


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


def litert_p50_ms(path: Path, window_s: float, about_ms: float) -> float:
    """Median latency of LiteRT's own tool, over as many runs as fit the window."""
    runs = max(20, round(window_s * 1e3 / about_ms))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [str(Path(sys.executable).with_name(LITERT_BENCHMARK)), "--model", str(path), "--num_threads", "1"]
        command += ["--num_runs", str(runs), "--warmup_runs", str(max(10, runs // 10)), "--result_json", str(report)]
        subprocess.run(command, check=True, capture_output=True)
        return json.loads(report.read_text())["latency"]["median_ms"]


def peer_of(path: Path, window_s: float, wanted: str) -> tuple[str, Callable[[], float]]:
    """The other side's name, and one measurement of it."""
    if path.suffix == ".tflite" and wanted != "bare":
        about_ms = bare_p50_ms(path, window_s)
        if about_ms >= MIN_RESOLVED_MS:
            return LITERT_BENCHMARK, lambda: litert_p50_ms(path, window_s, about_ms)
    return "bare", lambda: bare_p50_ms(path, window_s)


def main() -> None:
    """Alternate the two sides, the order of each pair reversed from the last (ABBA)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="*", type=Path, help="ONNX and TFLite files (default: the bundled digits CNN)")
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--window-s", type=float, default=1.5)
    parser.add_argument("--peer", choices=("auto", "bare"), default="auto", help="bare: the loop for TFLite, too")
    parser.add_argument("--json", type=Path, help="keep the pairs here")
    asked = parser.parse_args()
    kept: dict[str, list[tuple[float, float]]] = {}
    for path in asked.models or sorted(BUNDLED.glob("*.onnx")) + sorted(BUNDLED.glob("*.tflite")):
        pairs: list[tuple[float, float]] = []
        peer, peer_p50_ms = peer_of(path, asked.window_s, asked.peer)
        for turn in range(asked.pairs):
            if turn % 2:
                theirs = peer_p50_ms()
                ours = agent_p50_ms(path, asked.window_s)
            else:
                ours = agent_p50_ms(path, asked.window_s)
                theirs = peer_p50_ms()
            pairs.append((ours, theirs))
        ratio = median_ratio(pairs)
        inside = ratio.ci_low >= 1 - TARGET and ratio.ci_high <= 1 + TARGET
        verdict = "the interval lies inside" if inside else "the interval does NOT lie inside"
        print(f"{path.name:<28} agent / {peer} p50 = {ratio}; {verdict} ±{TARGET:.0%}", flush=True)
        kept[path.name] = pairs
    if asked.json:
        asked.json.write_text(json.dumps(kept))


if __name__ == "__main__":
    main()
