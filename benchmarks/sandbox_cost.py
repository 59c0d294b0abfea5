"""What the sandbox costs: latency of real models inside over outside, and what it adds to a worker's start.

python -m benchmarks.sandbox_cost [--model FILE ...] [--rounds 12] [--starts 60] [--json FILE]

Both are paired and interleaved: in each round a model runs inside and outside, by turns the one and the other first.
The start is the time from the call to the worker's first line, that of a whole worker that is given nothing to do, and
the processor time of the latter, which a busy machine disturbs less. Of a GGUF model the latency is that of a generated
token; the one that is measured unless you name others is fetched once (98 MB).
"""

import json
import os
import resource
import statistics
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from benchmarks.paired import median_ratio
from edgeprof.modelfiles import inspect
from edgeprof.wire import identity
from edgeprof.wire.messages import ModelRef, RunConfig, RunProtocol
from edgeprof_agent import isolation
from edgeprof_agent.isolation import Inside, Limits
from edgeprof_agent.measuring.measure import measure, worker_command
from edgeprof_agent.measuring.request import MeasureRequest
from edgeprof_agent.sandbox_mode import Mode
from edgeprof_exports import catalogue, fetch

BUNDLED = Path(__file__).parents[1] / "model_exports/edgeprof_exports/bundled"
GGUF_RECIPE = "smollm2-135m-q4-1"
RUNTIMES = {".onnx": "onnxruntime", ".tflite": "litert", ".gguf": "llama-capi"}
MAX_RATIO = 1.01
MAX_START_MS = 10.0
WINDOW_S = 3.0
Pairs = Sequence[tuple[float, float]]
STARTS = (
    "start to the first line, ms",
    "a whole worker without a job, ms",
    "processor time of a whole worker without a job, ms",
)
MODES: tuple[Mode, Mode] = ("strict", "off")


def request_of(file: Path, threads: int) -> MeasureRequest:
    """A short run: no cold start, no energy, a window of three seconds."""
    found = inspect(file)
    return MeasureRequest(
        result_id=identity.new_id(),
        job_id=None,
        attempt=1,
        device_id="benchmark",
        model=ModelRef(
            model_id=identity.model_id(found.manifest), name=file.name, format=found.format, manifest=found.manifest
        ),
        model_dir=found.folder,
        config=RunConfig(runtime=RUNTIMES[file.suffix], threads=threads, prompt_tokens=64, decode_tokens=32),
        protocol=RunProtocol(
            window_s=WINDOW_S, window_limit_s=WINDOW_S, cold_start=False, energy=False, heat_wait_s=0.0
        ),
        emulated=False,
        memory_limit_mib=None,
        cores=None,
    )


def default_models() -> tuple[Path, ...]:
    """One of each runtime."""
    gguf = fetch.ensure(catalogue.recipe_named(GGUF_RECIPE), click.echo)
    return BUNDLED / "digits-cnn-int8.onnx", BUNDLED / "digits-cnn-int8.tflite", gguf


def latency_pairs(file: Path, rounds: int, threads: int) -> list[tuple[float, float]]:
    """p50 inside and outside, in ms. Raises SystemExit where a run fails."""
    request, found = request_of(file, threads), list[tuple[float, float]]()
    for index in range(rounds):
        p50_ms = {mode: p50_of(replace(request, sandbox=mode)) for mode in in_turn(index)}
        found.append((p50_ms["strict"], p50_ms["off"]))
    return found


def p50_of(request: MeasureRequest) -> float:
    """Of an inference, or of a generated token."""
    result, _ = measure(request, lambda stage, fraction, note: None, threading.Event())
    if result.failure is not None:
        raise SystemExit(f"{request.model.name}, sandbox {request.sandbox}: {result.failure.message}")
    values = {row.metric: row.value for row in result.metrics}
    return values.get("latency_p50_ms") or values["inter_token_p50_ms"]


def start_pairs(starts: int) -> dict[str, Pairs]:
    """Milliseconds, inside and outside."""
    found: dict[str, list[tuple[float, float]]] = {title: [] for title in STARTS}
    for index in range(-1, starts):
        told = {mode: start_ms(mode) for mode in in_turn(index)}
        if index >= 0:  # the round before warms the caches, and asks the interpreter for its folders
            for place, pairs in enumerate(found.values()):
                pairs.append((told["strict"][place], told["off"][place]))
    return dict(found)


def start_ms(mode: Mode) -> tuple[float, float, float]:
    """One worker that is given no job: its first line, its end, and the processor time of everything."""
    heard: list[int] = []

    def take(line: bytes) -> bool:
        heard.append(json.loads(line)["monotonic_ns"])
        return True

    began_ns, began_cpu_s = time.monotonic_ns(), cpu_s()
    command = worker_command("onnxruntime")
    isolation.run(command, b"", Limits(deadline_s=60), take, threading.Event(), inside=Inside(mode=mode))
    return (heard[0] - began_ns) / 1e6, (time.monotonic_ns() - began_ns) / 1e6, (cpu_s() - began_cpu_s) * 1e3


def cpu_s() -> float:
    """Of this process and of its children that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def in_turn(index: int) -> tuple[Mode, Mode]:
    """Which goes first."""
    return MODES if index % 2 == 0 else (MODES[1], MODES[0])


def differences_ms(pairs: Pairs) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile of inside - outside."""
    low, middle, high = statistics.quantiles([inside - outside for inside, outside in pairs], n=4)
    return low, middle, high


@click.command()
@click.option("--model", "models", multiple=True, type=click.Path(exists=True, path_type=Path), help="May be repeated.")
@click.option("--rounds", default=12, show_default=True, help="Pairs of runs of each model.")
@click.option("--starts", default=60, show_default=True, help="Pairs of starts.")
@click.option("--threads", default=1, show_default=True, help="Of each run.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Keep the pairs here.")
def main(models: tuple[Path, ...], rounds: int, starts: int, threads: int, json_file: Path | None) -> None:
    """Print each figure beside its limit; end with 1 if one is missed."""
    click.echo(f"load of the machine before: {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores")
    kept = start_pairs(starts)
    missed = False
    for title, pairs in kept.items():
        low, middle, high = differences_ms(pairs)
        missed |= middle > MAX_START_MS
        outside = statistics.median(each for _, each in pairs)
        click.echo(f"{title}: {outside:.1f} outside, {middle:+.2f} inside (quartiles {low:+.2f} to {high:+.2f})")
    click.echo(f"limit: {MAX_START_MS:+.0f} ms")
    for model in models or default_models():
        pairs = latency_pairs(model, rounds, threads)
        kept[f"{model.name}, p50 in ms"] = pairs
        ratio = median_ratio(pairs)
        missed |= ratio.ci_low > MAX_RATIO
        p50_ms = statistics.median(outside for _, outside in pairs)
        unit = "ms a token" if model.suffix == ".gguf" else "ms"
        click.echo(f"{model.name}: {p50_ms:.3f} {unit} outside; inside / outside {ratio}")
    click.echo(f"limit: {MAX_RATIO}. Load after: {os.getloadavg()[0]:.2f}")
    _keep(json_file, kept)
    sys.exit(missed)


def _keep(json_file: Path | None, kept: Mapping[str, Pairs]) -> None:
    if json_file is not None:
        json_file.write_text(json.dumps(kept) + "\n")


if __name__ == "__main__":
    main()
