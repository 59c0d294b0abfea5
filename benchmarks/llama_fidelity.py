"""Prefill and decode tokens/s of the agent over native `llama-bench` from the same source: 1 thread, alternated pairs.

Needs llama-cpp-python in this environment (`scripts/test --full` builds it). The prebuilt binding (xllamacpp) is
measured in the same rounds and shown beside it; it is another build of llama.cpp, so its ratio is a property of the
binding and not of the agent.
"""

import argparse
import json
import statistics
import subprocess
import threading
from pathlib import Path

from benchmarks import native_llama
from benchmarks.paired import median_ratio
from edgeprof.modelfiles import inspect
from edgeprof.wire import identity
from edgeprof.wire.messages import ModelRef, RunConfig, RunProtocol
from edgeprof_agent.measuring.measure import measure
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_exports import catalogue, fetch

RECIPE = "smollm2-135m-q4-1"
PROMPT_TOKENS, DECODE_TOKENS, REPEATS = 128, 32, 6
VARIANTS = ("llama-cpp-python", "xllamacpp")
FIGURES = ("prefill_tokens_per_s", "decode_tokens_per_s")
TARGET = 0.05

Figures = dict[str, float]


def silent(stage: str, fraction: float | None, note: str) -> None:
    """Progress that nobody watches."""


def bench(program: Path, model: Path) -> Figures:
    """Median tokens/s over llama-bench's own repeats."""
    command = [program, "-m", model, "-p", str(PROMPT_TOKENS), "-n", str(DECODE_TOKENS), "-t", "1", "-r", str(REPEATS)]
    rows = json.loads(subprocess.run([*command, "-o", "json"], check=True, capture_output=True, text=True).stdout)
    return {
        "prefill_tokens_per_s" if row["n_prompt"] else "decode_tokens_per_s": statistics.median(row["samples_ts"])
        for row in rows
    }


def agent(model: Path, variant: str, window_s: float) -> Figures:
    """What the agent reports for one runtime variant, through its whole path."""
    file = inspect(model)
    request = MeasureRequest(
        result_id=identity.new_id(),
        job_id=None,
        attempt=1,
        device_id="d-benchmark",
        model=ModelRef(
            model_id=identity.model_id(file.manifest), name=model.stem, format="gguf", manifest=file.manifest
        ),
        model_dir=file.folder,
        config=RunConfig(runtime=variant, threads=1, prompt_tokens=PROMPT_TOKENS, decode_tokens=DECODE_TOKENS),
        protocol=RunProtocol(window_s=window_s, warmup_runs=1, min_runs=REPEATS),
        emulated=False,
        memory_limit_mib=None,
        cores=None,
    )
    result, _ = measure(request, silent, threading.Event())
    if result.failure:
        raise SystemExit(f"{variant}: {result.failure.code}: {result.failure.message}")
    return {row.metric: row.value for row in result.metrics if row.metric in FIGURES}


def main() -> None:
    """Alternate llama-bench and each variant, the order reversed from round to round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--window-s", type=float, default=4.0)
    parser.add_argument("--json", type=Path, help="keep the pairs here")
    asked = parser.parse_args()
    model = fetch.ensure(catalogue.load_recipes()[RECIPE], print)
    program = native_llama.llama_bench()
    pairs: dict[str, list[tuple[float, float]]] = {f"{v} {f}": [] for v in VARIANTS for f in FIGURES}
    for turn in range(asked.pairs):
        for variant in VARIANTS if turn % 2 else reversed(VARIANTS):
            theirs = bench(program, model)
            ours = agent(model, variant, asked.window_s)
            for figure in FIGURES:
                pairs[f"{variant} {figure}"].append((ours[figure], theirs[figure]))
    for name, found in pairs.items():
        ratio = median_ratio(found)
        target = f"; target ±{TARGET:.0%}" if name.startswith(VARIANTS[0]) else "; shown, no target"
        print(f"{name:<40} agent / llama-bench = {ratio}{target}")
    if asked.json:
        asked.json.write_text(json.dumps(pairs))


if __name__ == "__main__":
    main()
