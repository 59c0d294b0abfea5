"""LiteRT's `benchmark_model`. It prints a summary of its runs, never the runs themselves.

Source: tensorflow/lite/tools/benchmark README.md and benchmark_model.cc; core/util/stats_calculator.h for the line
`count=50 first=.. curr=.. min=.. max=.. avg=.. std=..`, from 2024 on with `p5=.. median=.. p95=..`. Times in µs.
"""

import re

from edgeprof.wire.android import PRINTS_NO_SAMPLES
from edgeprof.wire.formats import ModelFormat
from edgeprof.wire.messages import Failure, RunConfig, RunProtocol
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.phones.runners.base import Ran, Report, UnreadReport, refused_setting

_STATISTICS = re.compile(r"count=(\d+)((?: \w+=[-+.\w]+)+)")
_SUMMARY = re.compile(r"Inference timings in us: Init: ([\d.e+]+), First inference: ([\d.e+]+),")
_DELEGATED = re.compile(r"Replacing (\d+) out of (\d+) node\(s\) with delegate \((\w+)\)")
_NO_SAMPLES = f"benchmark_model {PRINTS_NO_SAMPLES}"
_OWN = "benchmark_model's own figure over {} runs; it prints no samples, so it has no interval"
_US_PER_MS = 1000.0


class BenchmarkModel:
    """One model, random inputs, the CPU through XNNPACK."""

    name = "benchmark_model"
    formats: tuple[ModelFormat, ...] = ("tflite",)

    def arguments(self, model: str, config: RunConfig, protocol: RunProtocol) -> list[str]:
        """`report_peak_memory_footprint` stays off: its thread disturbs the times (README)."""
        return [
            f"--graph={model}",
            *([f"--num_threads={config.threads}"] if config.threads else []),
            f"--warmup_runs={max(1, protocol.warmup_runs)}",
            f"--num_runs={protocol.min_runs}",
            f"--min_secs={protocol.window_s:g}",
            f"--max_secs={protocol.window_limit_s:g}",
        ]

    def refusal(self, config: RunConfig) -> Failure | None:
        """Settings of inputs are refused: its option needs every input of the graph in its order."""
        return refused_setting(config, self.name)

    def read(self, report: Report, config: RunConfig, figures: Figures) -> Ran:
        text = f"{report.out}\n{report.err}"
        summary, found = _SUMMARY.search(text), _STATISTICS.findall(text)
        if summary is None or len(found) < 2:
            raise UnreadReport("it has no line `Inference timings in us`, or not two lines of statistics")
        count, fields = int(found[-1][0]), dict(part.split("=") for part in found[-1][1].split())
        figures.add("load_ms", float(summary.group(1)) / _US_PER_MS)
        figures.add("first_inference_ms", float(summary.group(2)) / _US_PER_MS)
        _add(figures, "latency_p50_ms", fields.get("median"), count)
        _add(figures, "latency_p95_ms", fields.get("p95"), count)
        _add(figures, "latency_mean_ms", fields.get("avg") or (fields.get("curr") if count == 1 else None), count)
        for metric in ("latency_p90_ms", "latency_p99_ms", "latency_p999_ms", "throughput_per_s"):
            figures.miss(metric, _NO_SAMPLES)
        figures.miss("peak_memory_mib", "benchmark_model measures memory only with a thread that disturbs its times")
        return _ran(text, config)


def _ran(text: str, config: RunConfig) -> Ran:
    """Of several delegates the first: the rest of the nodes ran in the built-in kernels, or in another delegate."""
    notes = () if config.threads else ("threads: benchmark_model's default",)
    delegated = _DELEGATED.search(text)
    if delegated is None:
        return Ran(notes=notes)
    inside, whole, name = int(delegated[1]), int(delegated[2]), delegated[3]
    rest = {"elsewhere": whole - inside} if whole > inside else {}
    return Ran(notes=notes, delegate=name, nodes={name: inside, **rest})


def _add(figures: Figures, metric: str, microseconds: str | None, count: int) -> None:
    if microseconds is None:
        figures.miss(metric, f"{_NO_SAMPLES}, and this build no such figure")
    else:
        figures.add(metric, float(microseconds) / _US_PER_MS, n=count, no_interval=_OWN.format(f"{count:,}"))
