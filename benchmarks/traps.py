"""The known traps, walked into on this machine: `python -m benchmarks.traps [ID...]`.

Each prints a ratio, trap over way out, from the best of interleaved calls in one process, or from peaks of memory of
fresh processes. docs/traps.md has the figures with their date and machine. `--list` names them.
"""

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import trap_models as models
from edgeprof.paths import cache_dir
from edgeprof.privacy import NO_TELEMETRY

ROUNDS = 40


class Ratio(NamedTuple):
    """Trap over way out. `what`: in words, also the parts."""

    value: float
    what: str


def timed(calls: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """The best time of each in ms, interleaved."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            best[name] = min(best[name], (time.perf_counter() - started) * 1e3)
    return best


def session(path: Path) -> Callable[[], object]:
    """One inference of an ONNX file on one thread, on random numbers."""
    import onnxruntime

    runtime: Any = onnxruntime
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    made = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    first = made.get_inputs()[0]
    feeds = {first.name: numbers(first.shape, np.float16 if "float16" in first.type else np.float32)}
    return lambda: made.run(None, feeds)


def numbers(shape: Any, kind: Any) -> Any:
    """Random, and the same at each call."""
    draw: Any = np.random.default_rng(2)
    return draw.standard_normal(shape).astype(kind)


def dynamic_signed(folder: Path) -> Ratio:
    found: dict[str, float] = {}
    for title, channels, group in (("32 channels", 32, 1), ("depthwise, 64 channels", 64, 64)):
        source = models.network(folder / "fp32.onnx", channels, 32, group)
        times = timed(
            {
                "fp32": session(source),
                "signed": session(models.dynamic(source, folder / "s8.onnx", signed=True)),
                "unsigned": session(models.dynamic(source, folder / "u8.onnx", signed=False)),
            }
        )
        found[title] = times["signed"] / times["unsigned"]
        print(
            f"    {title}: over fp32: signed {times['signed'] / times['fp32']:.1f}, "
            f"unsigned {times['unsigned'] / times['fp32']:.1f}"
        )
    return Ratio(min(found.values()), ", ".join(f"{title}: {value:.1f}" for title, value in found.items()))


def static_unsigned(folder: Path) -> Ratio:
    source = models.network(folder / "fp32.onnx")
    times = timed(
        {
            "fp32": session(source),
            "unsigned": session(models.static(source, folder / "u8.onnx", signed=False)),
            "signed": session(models.static(source, folder / "s8.onnx", signed=True)),
        }
    )
    parts = f"over fp32: unsigned {times['unsigned'] / times['fp32']:.2f}, signed {times['signed'] / times['fp32']:.2f}"
    return Ratio(times["unsigned"] / times["signed"], parts)


def nbits_level(folder: Path) -> Ratio:
    times = timed(
        {
            "none": session(models.nbits(folder / "0.onnx", None)),
            "level 4": session(models.nbits(folder / "4.onnx", 4)),
        }
    )
    return Ratio(times["none"] / times["level 4"], f"{times['none']:.3f} against {times['level 4']:.3f} ms")


def fp16_widened(folder: Path) -> Ratio:
    source = models.products(folder / "fp32.onnx", 2048, 3)
    stored = models.half(source, folder / "fp16.onnx")
    grown = load_mib(stored)
    size = stored.stat().st_size / 2**20
    times = timed({"fp16": session(stored), "fp32": session(source)}, 20)
    return Ratio(
        grown / size,
        f"{grown:.0f} MiB at the peak of loading a file of {size:.0f} MiB; time over fp32: "
        f"{times['fp16'] / times['fp32']:.2f}",
    )


def ort_format(folder: Path) -> Ratio:
    source = models.products(folder / "m.onnx", 2048, 6)
    made = models.as_ort(source, folder / "m.ort")
    plain, own = load_mib(source), load_mib(made)
    return Ratio(own / plain, f"{own:.0f} against {plain:.0f} MiB for {source.stat().st_size / 2**20:.0f} MiB")


def hybrid_zeros(folder: Path) -> Ratio:
    path = models.hybrid(folder / "m.tflite")
    calls: dict[str, Callable[[], object]] = {}
    for zeros in (False, True):
        calls["zeros" if zeros else "random"] = interpreter(path, zeros=zeros, delegate=False)
    times = timed(calls, 200)
    return Ratio(times["random"] / times["zeros"], f"{times['random'] * 1e3:.1f} against {times['zeros'] * 1e3:.1f} µs")


def no_delegate(folder: Path) -> Ratio:
    path = Path(__file__).parents[1] / "model_exports" / "edgeprof_exports" / "bundled" / "digits-cnn-fp32.tflite"
    times = timed({"own": interpreter(path, delegate=False), "XNNPACK": interpreter(path, delegate=True)}, 200)
    return Ratio(times["own"] / times["XNNPACK"], f"{times['own'] * 1e3:.0f} against {times['XNNPACK'] * 1e3:.0f} µs")


def interpreter(path: Path, *, zeros: bool = False, delegate: bool) -> Callable[[], object]:
    """One inference of a TFLite file on one thread."""
    from ai_edge_litert import interpreter as litert

    library: Any = litert
    kind = library.OpResolverType
    resolver = kind.AUTO if delegate else kind.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    made = library.Interpreter(model_path=str(path), num_threads=1, experimental_op_resolver_type=resolver)
    made.allocate_tensors()
    need = made.get_input_details()[0]
    values = numbers(need["shape"], need["dtype"])
    made.set_tensor(need["index"], np.zeros_like(values) if zeros else values)
    return made.invoke


def q4_1(folder: Path) -> Ratio:
    times = decode_ms("smollm2-135m-q4-1", "smollm2-135m-q4-0")
    return Ratio(times[0] / times[1], f"{times[0]:.2f} against {times[1]:.2f} ms a token of SmolLM2-135M, 1 thread")


def k_fallback(folder: Path) -> Ratio:
    times = decode_ms("smollm2-135m-q4-k-m", "smollm2-135m-q4-0")
    return Ratio(times[0] / times[1], f"{times[0]:.2f} against {times[1]:.2f} ms a token of SmolLM2-135M, 1 thread")


def decode_ms(*names: str) -> list[float]:
    """Time between tokens of models in the cache, by edgeprof itself, three runs each, interleaved."""
    from edgeprof_agent.series.from_python import measure_models

    files = [next((cache_dir() / "models" / name).rglob("*.gguf")) for name in names]
    options = {"threads": 1, "cold_start": False, "prompt_tokens": 32, "decode_tokens": 32}
    found: list[float] = []
    for outcomes in measure_models(files, options, 3, 1, lambda stage, share, note: None):
        assert isinstance(outcomes, list)
        rows = [row for one in outcomes for row in one.result.metrics if row.metric == "inter_token_p50_ms"]
        found.append(float(np.median([row.value for row in rows])))
    return found


_LOAD = """
import sys, onnxruntime
def kib(name): return int(open("/proc/self/status").read().split(name + ":")[1].split()[0])
before = kib("VmRSS")
options = onnxruntime.SessionOptions()
options.intra_op_num_threads, options.log_severity_level = 1, 4
onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
print(kib("VmHWM") - before)
"""


def load_mib(path: Path) -> float:
    """By how much a fresh process grows at the peak of loading."""
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, str(path)], capture_output=True, text=True, check=True, env={**NO_TELEMETRY}
    )
    return int(done.stdout) / 1024


TRAPS: dict[str, Callable[[Path], Ratio]] = {
    "onnx-dynamic-signed-conv": dynamic_signed,
    "onnx-static-unsigned-weights": static_unsigned,
    "onnx-nbits-accuracy-level": nbits_level,
    "onnx-fp16-on-cpu": fp16_widened,
    "onnx-ort-format-memory": ort_format,
    "tflite-hybrid-zero-input": hybrid_zeros,
    "tflite-no-delegate": no_delegate,
    "gguf-q4-1": q4_1,
    "gguf-k-fallback": k_fallback,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ids", nargs="*", metavar="ID", choices=[*TRAPS, []])
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args()
    if given.list:
        print("\n".join(TRAPS))
        return 0
    packages = ", ".join(f"{name} {version(name)}" for name in ("onnxruntime", "ai-edge-litert", "xllamacpp"))
    print(f"{datetime.now(timezone.utc):%Y-%m-%d}, {platform.machine()}; {packages}")
    for name in given.ids or TRAPS:
        with tempfile.TemporaryDirectory() as folder:
            found = TRAPS[name](Path(folder))
        print(f"{name}: {found.value:.2f} ({found.what})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
