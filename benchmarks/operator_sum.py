"""Whether operators add up: their sum over a run without a profiler, and the profiler's own cost, in each runtime.

python -m benchmarks.operator_sum [MODEL ...] [--threads N] [--repeats N] [--json FILE]

Without models: the bundled ones, onnx's own test graphs, and what the model cache has. Runs with the profiler and
without it alternate in one process. A model whose profile is refused as too short counts as neither kept nor missed.
Exits with 1 where a goal is missed: llama.cpp within 2 %, LiteRT within 10 % from 4 ms on, ONNX Runtime within 10 %.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from edgeprof.modelfiles import inspect
from edgeprof.operators.grouping import too_short
from edgeprof.operators.recorded import OperatorRun
from edgeprof.paths import cache_dir
from edgeprof.wire.messages import RunConfig
from edgeprof_agent.operator_profile.running import profile_operators
from edgeprof_exports.bundle import FOLDER

RUNTIMES = {"onnx": "onnxruntime", "tflite": "litert", "gguf": "llama-capi"}
GOALS = {"onnxruntime": 0.10, "litert": 0.10, "llama-capi": 0.02}
LITERT_FROM_MS = 4.0
GRAPHS = ("light_resnet50.onnx", "light_squeezenet.onnx", "light_densenet121.onnx")


@dataclass(frozen=True)
class Row:
    """One phase of a model: medians over the repeats."""

    model: str
    runtime: str
    phase: str
    plain_ms: float
    coverage: float
    cost: float
    too_short: bool
    nodes: int

    @property
    def is_missed(self) -> bool:
        """Beyond the goal, where there is one."""
        has_goal = not self.too_short and (self.runtime != "litert" or self.plain_ms >= LITERT_FROM_MS)
        return has_goal and abs(self.coverage - 1) > GOALS[self.runtime]


def main() -> None:
    """Prints a line for each phase."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rows: list[Row] = []
    print(f"{'model':34}{'phase':10}{'ms':>9}  {'sum/plain':>9}  {'cost':>6}  {'nodes':>5}")
    for model in arguments.models or models():
        for row in rows_of(model, arguments.threads, arguments.repeats):
            rows.append(row)
            end = "too short" if row.too_short else "MISSED" if row.is_missed else ""
            print(
                f"{row.model[:33]:34}{row.phase:10}{row.plain_ms:9.3f}  {row.coverage:9.3f}  {row.cost:6.3f}  "
                f"{row.nodes:5}  {end}",
                flush=True,
            )
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    sys.exit(any(row.is_missed for row in rows))


def models() -> list[Path]:
    """What is here, small and large."""
    import onnx

    graphs = Path(onnx.__file__).parent / "backend/test/data/light"
    cached = [
        path for end in ("tflite", "onnx", "gguf") for path in sorted((cache_dir() / "models").glob(f"*/*.{end}"))
    ]
    return [*sorted(FOLDER.glob("digits*")), *(graphs / name for name in GRAPHS), *cached]


def rows_of(model: Path, threads: int, repeats: int) -> list[Row]:
    """None where the file needs sizes that it does not declare."""
    file = inspect(model)
    config = RunConfig(runtime=RUNTIMES[file.format], threads=threads)
    if model.name.startswith("ch_PP-OCR"):
        config = replace(config, shapes={"x": (1, 3, 48, 320)})
    try:
        runs = [profile_operators(file, config) for _ in range(repeats)]
    except Exception as error:  # a model of the cache that does not run says nothing about sums
        print(f"{model.name[:33]:34}left out: {error}")
        return []
    return [_row(model.name, runs, place) for place in range(len(runs[0].phases))]


def _row(model: str, runs: Sequence[OperatorRun], place: int) -> Row:
    phases = [run.phases[place] for run in runs]
    return Row(
        model=model,
        runtime=runs[0].runtime,
        phase=phases[0].phase,
        plain_ms=statistics.median(phase.plain_ms for phase in phases),
        coverage=statistics.median(phase.coverage for phase in phases),
        cost=statistics.median(phase.cost for phase in phases),
        too_short=any(too_short(phase, runs[0].tick_ns) is not None for phase in phases),
        nodes=len(phases[0].nodes),
    )


if __name__ == "__main__":
    main()
