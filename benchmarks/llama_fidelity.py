"""Prefill and decode tokens/s over native `llama-bench` on the same libraries: 1 thread, alternated pairs.

Measured in the same rounds, each against the round's own llama-bench: the agent's low-level path (llama-cpp-python),
which must reach it; the C interface and the server of the prebuilt package (llama-capi, xllamacpp), another build of
llama.cpp, and the class `Llama` with its own eval loop. Their losses are properties of those ways and builds, and are
kept as data (`--write-binding-cost`).

A round has one run of each, the low-level path beside llama-bench, and every other round is the mirror of the one
before (ABBA): a speed that drifts meets both sides alike. Both sides give the median of the same number of repeats.
Needs llama-cpp-python in this environment (`scripts/test --full` builds it).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path

from benchmarks import native_llama
from benchmarks.paired import Ratio, median_ratio
from edgeprof.modelfiles import inspect
from edgeprof.wire import identity
from edgeprof.wire.messages import ModelRef, RunConfig, RunProtocol
from edgeprof_agent.measuring.measure import measure
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.runtimes.llama.binding_cost import DATA, BindingCosts, Cost, cpu_name
from edgeprof_exports import catalogue, fetch

RECIPE = "smollm2-135m-q4-1"
PROMPT_TOKENS, DECODE_TOKENS, REPEATS = 64, 16, 6
LOW_LEVEL, DIRECT, PREBUILT, CLASS = "llama-cpp-python", "llama-capi", "xllamacpp", "llama_cpp.Llama"
FIGURES = ("prefill_tokens_per_s", "decode_tokens_per_s")
LOW, HIGH = 0.97, 1.03

Figures = dict[str, float]
Pairs = dict[str, dict[str, list[tuple[float, float]]]]


def silent(stage: str, fraction: float | None, note: str) -> None:
    """Progress that nobody watches."""


def bench(program: Path, model: Path, depth: int) -> Figures:
    """Median tokens/s over llama-bench's own repeats."""
    lengths = ["-p", str(PROMPT_TOKENS), "-n", str(DECODE_TOKENS), "-d", str(depth)]
    command = [program, "-m", model, *lengths, "-t", "1", "-r", str(REPEATS), "-o", "json"]
    on_same_libraries = {**os.environ, "LD_LIBRARY_PATH": f"{native_llama.libraries()}:{program.parent}"}
    ran = subprocess.run(command, check=True, capture_output=True, text=True, env=on_same_libraries)
    rows = json.loads(ran.stdout)
    return {
        "prefill_tokens_per_s" if row["n_prompt"] else "decode_tokens_per_s": statistics.median(row["samples_ts"])
        for row in rows
    }


def agent(
    model: Path, variant: str, depth: int, lengths: tuple[int, int, int] = (PROMPT_TOKENS, DECODE_TOKENS, REPEATS)
) -> Figures:
    """What the agent reports for one runtime variant, through its whole path. `lengths`: prompt, generated, repeats."""
    prompt_tokens, decode_tokens, repeats = lengths
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
        config=RunConfig(
            runtime=variant,
            threads=1,
            prompt_tokens=prompt_tokens,
            decode_tokens=decode_tokens,
            depth_tokens=depth,
        ),
        protocol=RunProtocol(
            min_runs=repeats, max_runs=repeats, warmup_limit_s=0.0, window_s=0.0, cold_start=False, deadline_s=600.0
        ),
        emulated=False,
        memory_limit_mib=None,
        cores=None,
    )
    result, _ = measure(request, silent, threading.Event())
    if result.failure:
        raise SystemExit(f"{variant}: {result.failure.code}: {result.failure.message}")
    if result.effective is None or result.effective.runtime != variant:
        raise SystemExit(f"{variant}: another path ran: {result.effective.notes[0] if result.effective else ''}")
    return {row.metric: row.value for row in result.metrics if row.metric in FIGURES}


def high_level(model: Path) -> Figures:
    """The class `Llama`, in a process of its own as the others are."""
    lengths = [str(number) for number in (PROMPT_TOKENS, DECODE_TOKENS, REPEATS)]
    command = [sys.executable, "-m", "benchmarks.llama_class", str(model), *lengths]
    rates = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {figure: statistics.median(rates[figure]) for figure in FIGURES}


def rounds(model: Path, program: Path, count: int, others: int, depth: int) -> Pairs:
    """All pairs (ours, theirs) by way and figure; each round a mirror of the one before. The class has no depth.

    The low-level path is in every round, the other ways in the first `others`.
    """
    sides: list[tuple[str, Callable[[], Figures]]] = [
        ("llama-bench", lambda: bench(program, model, depth)),
        (LOW_LEVEL, lambda: agent(model, LOW_LEVEL, depth)),
        (DIRECT, lambda: agent(model, DIRECT, depth)),
        (PREBUILT, lambda: agent(model, PREBUILT, depth)),
    ]
    if not depth:
        sides.append((CLASS, lambda: high_level(model)))
    ways = [name for name, _ in sides[1:]]
    pairs: Pairs = {way: {figure: [] for figure in FIGURES} for way in ways}
    for turn in range(count):
        taking_part = sides if turn < others else sides[:2]
        found = {name: side() for name, side in (reversed(taking_part) if turn % 2 else taking_part)}
        for way in (name for name in ways if name in found):
            for figure in FIGURES:
                pairs[way][figure].append((found[way][figure], found["llama-bench"][figure]))
        told = ", ".join(f"{found[LOW_LEVEL][figure] / found['llama-bench'][figure]:.3f}" for figure in FIGURES)
        print(f"round {turn + 1} of {count}: {LOW_LEVEL} {told}", file=sys.stderr, flush=True)
    return pairs


def verdict(way: str, ratio: Ratio) -> str:
    """Whether the low-level path is where it must be; the other ways have no target."""
    if way != LOW_LEVEL:
        return "shown, no target"
    inside = ratio.ci_low >= LOW and ratio.ci_high <= HIGH
    return f"interval {'inside' if inside else 'NOT inside'} {LOW} to {HIGH}"


def costs(ratios: dict[tuple[str, str], Ratio], command: str) -> BindingCosts:
    """The ratios as the data that results show."""
    return {
        "date": date.today().isoformat(),
        "cpu": cpu_name(),
        "command": command,
        "threads": 1,
        "model": RECIPE,
        "versions": {name: version(name) for name in (LOW_LEVEL, PREBUILT)},
        "costs": [
            Cost(
                variant=way,
                figure=figure,
                ratio=round(ratio.median, 4),
                ci_low=round(ratio.ci_low, 4),
                ci_high=round(ratio.ci_high, 4),
                pairs=ratio.n,
            )
            for (way, figure), ratio in ratios.items()
        ],
    }


def main() -> None:
    """Rounds, their ratios, and what was asked to be kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--other-pairs", type=int, default=12, help="rounds with the prebuilt binding and the class")
    parser.add_argument("--json", type=Path, help="keep every pair here")
    parser.add_argument("--write-binding-cost", action="store_true", help="make these the ratios that results show")
    parser.add_argument("--depth", type=int, default=0, help="tokens in memory already, as llama-bench -d")
    asked = parser.parse_args()
    if asked.depth and asked.write_binding_cost:
        parser.error("What a binding costs is told for an empty memory: leave --depth out.")
    model = fetch.ensure(catalogue.load_recipes()[RECIPE], print)
    pairs = rounds(model, native_llama.llama_bench(), asked.pairs, asked.other_pairs, asked.depth)
    ratios = {
        (way, figure): median_ratio(pairs[way][figure]) for way in pairs for figure in FIGURES if pairs[way][figure]
    }
    for (way, figure), ratio in ratios.items():
        print(f"{way:<18} {figure:<22} over llama-bench = {ratio}; {verdict(way, ratio)}")
    if asked.json:
        asked.json.write_text(json.dumps(pairs))
    if asked.write_binding_cost:
        counts = f"--pairs {asked.pairs} --other-pairs {asked.other_pairs}"
        command = f"python -m benchmarks.llama_fidelity {counts} --write-binding-cost"
        DATA.write_text(json.dumps(costs(ratios, command), indent=2) + "\n")


if __name__ == "__main__":
    main()
