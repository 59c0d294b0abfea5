"""Predictions after two probes, scored on this machine in several set-ups: `python -m benchmarks.prediction_here`.

Language models of random weights in three storage types and three sizes, and SmolLM2 in three types, each with one and
two threads, at depth 0 and 512. Of one type, set-up and metric the smallest and the largest random model are the
probes; the middle one and SmolLM2 are predicted. A type that has no random model (Q4_K_M) is predicted from Q4_0.

Convolution nets of four widths: the smallest and the largest are probes. Packaged tensor models: one set-up stands for
a second device; the two models with the shortest and the longest time in the first set-up are the models in common.

The list and the rule were committed before the first measurement.
"""

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from benchmarks.aa_models import convolutions
from edgeprof.paths import cache_dir
from edgeprof.prediction.probed import Probe, probed_step_s
from edgeprof.prediction.roofline import Kind, Work, figure, step_s
from edgeprof.wire.messages import Result

SHAPES = {"small": (768, 10), "middle": (1024, 14), "large": (1536, 14)}
TYPES = ("Q4_0", "Q4_1", "Q8_0")
REAL = {"smollm2-135m-q4-0": "Q4_0", "smollm2-135m-q4-1": "Q4_1", "smollm2-135m-q4-k-m": "Q4_0"}
"""SmolLM2's packaged files by the type that its probes have."""
WIDTHS = (32, 48, 64, 96)
TENSOR = (
    *("face-landmark-with-attention", "hand-landmark-lite", "magika", "okay-nabu-int8"),
    *("ppocr-v4-rec", "rawi-v2-int8", "silero-vad-fp16", "silero-vad-fp32"),
)
THREADS = (1, 2)
DEPTH = 512
REPEATS = 3
Key = tuple[str, int, str, int]
"""Model, threads, metric, depth."""


def main(out: Path | None, language_threads: int) -> None:
    """Prints each prediction beside its measurement; writes all of it as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        language, nets, packaged = _language(Path(folder)), _nets(Path(folder)), _packaged()
        values = _measured({**language, **nets, **packaged}, set(language), language_threads)
        sizes = {name: path.stat().st_size for name, path in language.items()}
    scored = [*_score_language(values, sizes), *_score_nets(values), *_score_packaged(values, packaged)]
    for one in scored:
        print(f"{one['what']:<70} {one['measured']:10.2f} {one['predicted']:10.2f} {one['ratio']:6.2f}")
    for kind in ("decode", "prefill", "net", "packaged"):
        print(kind, summary([one for one in scored if one["kind"] == kind]))
    print("all", summary(scored))
    if out:
        table = [{"model": m, "threads": t, "metric": n, "depth": d, "value": v} for (m, t, n, d), v in values.items()]
        out.write_text(json.dumps({"scored": scored, "measured": table}, indent=1) + "\n")


def summary(scored: Iterable[Mapping[str, Any]]) -> str:
    """Median error, share within 12 %, count."""
    errors = sorted(abs(one["ratio"] - 1) for one in scored)
    if not errors:
        return "none"
    within = sum(error <= 0.12 for error in errors) / len(errors)
    return f"median {100 * median(errors):.1f} %, {100 * within:.0f} % within 12 %, {len(errors)} predictions"


def _language(folder: Path) -> dict[str, Path]:
    venv.create(folder / "gguf", with_pip=True)
    python = folder / "gguf" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "gguf==0.19.0"], check=True, stderr=subprocess.DEVNULL)
    maker = Path(__file__).with_name("synthetic_gguf.py")
    found: dict[str, Path] = {}
    for kind in TYPES:
        for size, (width, layers) in SHAPES.items():
            path = folder / f"{kind}-{size}.gguf"
            subprocess.run([python, maker, path, kind, str(width), str(layers)], check=True, stderr=subprocess.DEVNULL)
            found[path.stem] = path
    for name in REAL:
        found[name] = next((cache_dir() / "models" / name).glob("*.gguf"))
    return found


def _nets(folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for width in WIDTHS:
        path = folder / f"net-{width}.onnx"
        found[path.stem] = convolutions(path, width)
    return found


def _packaged() -> dict[str, Path]:
    files = {name: sorted((cache_dir() / "models" / name).glob("*.[ot][nf]*")) for name in TENSOR}
    return {name: paths[0] for name, paths in files.items() if paths}


def _measured(models: Mapping[str, Path], language: set[str], most: int) -> dict[Key, float]:
    """The median of 3 runs each, all set-ups once before any is repeated, in random order."""
    draw = random.Random(1)
    runs = [(name, threads) for name in models for threads in THREADS if threads <= most or name not in language]
    found: dict[Key, list[float]] = {}
    for turn in range(REPEATS):
        draw.shuffle(runs)
        for name, threads in runs:
            for metric, depth, value in _run(models[name], threads, name in language):
                found.setdefault((name, threads, metric, depth), []).append(value)
        print(f"turn {turn + 1} of {REPEATS}", file=sys.stderr, flush=True)
    return {key: median(values) for key, values in found.items()}


def _run(model: Path, threads: int, is_language: bool) -> Iterator[tuple[str, int, float]]:
    command = [sys.executable, "-m", "edgeprof", "profile", str(model), "--threads", str(threads), "--json"]
    command += ["--no-cold-start", "--no-energy", "--window-s", "0.5", "--window-limit-s", "2"]
    command += ["--sweep-depth", str(DEPTH)] if is_language else []
    ended = subprocess.run(command, capture_output=True, check=False)
    if ended.returncode:
        print(f"{model.name} with {threads} threads failed", file=sys.stderr)
        return
    result = msgspec.json.decode(ended.stdout, type=Result)
    wanted = ("decode_tokens_per_s", "prefill_tokens_per_s") if is_language else ("latency_p50_ms",)
    yield from ((row.metric, 0, row.value) for row in result.metrics if row.metric in wanted)
    for point in result.points:
        yield from ((row.metric, DEPTH, row.value) for row in point.metrics if row.metric == "decode_tokens_per_s")


def _score_language(values: Mapping[Key, float], sizes: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    kinds: dict[str, Kind] = {"decode_tokens_per_s": "decode", "prefill_tokens_per_s": "prefill"}
    targets = [*((f"{kind}-middle", kind) for kind in TYPES), *REAL.items()]
    for name, probes in targets:
        for threads in THREADS:
            for metric, depth in (
                ("decode_tokens_per_s", 0),
                ("decode_tokens_per_s", DEPTH),
                ("prefill_tokens_per_s", 0),
            ):
                keys = [(each, threads, metric, depth) for each in (f"{probes}-small", f"{probes}-large", name)]
                if all(key in values for key in keys):
                    first, second = (_probe(kinds[metric], sizes[key[0]], values[key]) for key in keys[:2])
                    # Of one type a prompt's operations grow as its bytes do.
                    seconds = probed_step_s(_work(kinds[metric], sizes[name]), first, second)
                    what = f"{name}, {threads} threads, {metric}, depth {depth}"
                    yield from _scored(kinds[metric], what, seconds, kinds[metric], values[keys[2]])


def _score_nets(values: Mapping[Key, float]) -> Iterator[dict[str, Any]]:
    for threads in THREADS:
        known = {width: values.get((f"net-{width}", threads, "latency_p50_ms", 0)) for width in WIDTHS}
        low, high = known[WIDTHS[0]], known[WIDTHS[-1]]
        if low is None or high is None:
            continue
        probes = [_probe("tensor", width**2, value) for width, value in ((WIDTHS[0], low), (WIDTHS[-1], high))]
        for width in WIDTHS[1:-1]:
            value = known[width]
            if value is not None:  # operations of a convolution grow with its width squared
                seconds = probed_step_s(_work("tensor", width**2), *probes)
                yield from _scored("net", f"net of width {width}, {threads} threads", seconds, "tensor", value)


def _score_packaged(values: Mapping[Key, float], models: Iterable[str]) -> Iterator[dict[str, Any]]:
    for here, there in ((1, 2), (2, 1)):
        pairs = {
            name: (values[name, here, "latency_p50_ms", 0], values[name, there, "latency_p50_ms", 0])
            for name in models
            if (name, here, "latency_p50_ms", 0) in values and (name, there, "latency_p50_ms", 0) in values
        }
        ordered = sorted(pairs, key=lambda name: pairs[name][0])
        common = (ordered[0], ordered[-1])
        ratio = math.exp(sum(math.log(pairs[name][1] / pairs[name][0]) for name in common) / 2)
        for name in ordered[1:-1]:
            what = f"{name}, {there} threads from {here}"
            yield from _scored("packaged", what, pairs[name][0] * ratio / 1000, "tensor", pairs[name][1])


def _scored(group: str, what: str, seconds: float | None, kind: Kind, measured: float) -> Iterator[dict[str, Any]]:
    if seconds is not None:
        predicted = figure(kind, seconds)
        ratio = predicted / measured
        yield {"kind": group, "what": what, "measured": measured, "predicted": predicted, "ratio": ratio}


def _work(kind: Kind, size: float) -> Work:
    if kind == "decode":
        return Work(kind=kind, bytes_read=size)
    return Work(kind=kind, params=size) if kind == "prefill" else Work(kind=kind, flop=size)


def _probe(kind: Kind, size: float, value: float) -> Probe:
    return Probe(work=_work(kind, size), step_s=step_s(kind, value))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="Write all figures there.")
    parser.add_argument("--language-threads", type=int, default=2, help="Most threads of language models.")
    given = parser.parse_args()
    main(given.json, given.language_threads)
