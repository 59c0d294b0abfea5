"""Results with every part that a reader may judge them by, made by hand; and one whose run went badly."""

import hashlib
import json
import math
from dataclasses import replace

from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.evidence import (
    MEMORY_PHASES,
    ColdStart,
    Conditions,
    Footprint,
    MemoryPhase,
    MemoryProfile,
    NoiseFloor,
    OpenLoop,
    Soak,
    SoakBucket,
    SweepAt,
    SweepPoint,
    Timing,
    Trust,
    TrustMark,
)
from tests.hub import fleet

BUSY = TrustMark(cause="busy", reason="Other programs took 14 % of the cores, above the limit of 5 %.")
THROTTLED = TrustMark(cause="throttled", reason="The board said frequency_capped from 1.2 s on.")
CLEAN = Trust(unchecked={"under_voltage": "This machine has no under-voltage bit."})


def trace(seconds: float = 6.0) -> bytes:
    """A trace at 10 Hz as the agent writes it; all but the worker is read at every fifth moment only.

    Two zones that warm up, four cores of which one is held back at the end, and somebody else for 0.6 s.
    """
    times = [number * 100.0 for number in range(int(seconds * 10))]

    def sparse(values: list[float]) -> list[float | None]:
        return [value if index % 5 == 0 else None for index, value in enumerate(values)]

    worker = [time / 1e3 * 3.9 for time in times]
    agent = [time / 1e3 * 0.002 for time in times]
    others = [min(max(0.0, time / 1e3 - 2.0), 0.6) for time in times]
    busy = [sum(counts) for counts in zip(worker, agent, others, strict=True)]
    document = {
        "start_ns": 100_000_000_000,
        "unit": {"t_ms": "ms", "temperature_c": "°C", "cpu_mhz": "MHz"},
        "absent": {"memory_pressure_s": "this kernel has no /proc/pressure"},
        "series": {
            "t_ms": times,
            "temperature_c": {
                "cpu-thermal": sparse([51 + 8 * (1 - math.exp(-time / 2500)) for time in times]),
                "gpu-thermal": sparse([48 + 4 * (1 - math.exp(-time / 3500)) for time in times]),
            },
            "cpu_mhz": {
                f"cpu{core}": sparse([2400.0 if time < 4000 or core else 1500.0 for time in times]) for core in range(4)
            },
            "cores_s": {"busy": sparse(busy), "stolen": sparse([0.0 for _ in times])},
            "worker": {
                "cpu_s": worker,
                "stopped": [0 for _ in times],
                "rss_mib": [58.0 + time / 6000 for time in times],
            },
            "agent": {"cpu_s": sparse(agent)},
            "clock_source": {"name": ["tsc", *(None for _ in times[1:])]},
        },
    }
    return json.dumps(document).encode()


def reference(name: str, data: bytes) -> m.ArtifactRef:
    return m.ArtifactRef(
        name=name, sha256=hashlib.sha256(data).hexdigest(), size=len(data), media_type="application/json"
    )


def floor(share: float = 0.032, series: str = "latency", number: int = 1) -> NoiseFloor:
    return NoiseFloor(
        floor=share,
        expected=share / 1.3,
        low=share / 2,
        high=share * 1.5,
        within_run=0.004,
        runs=20,
        date="2026-11-24",
        device_id=fleet.device_id(number),
        model_name="digits-cnn fp32",
        config_key="k",
        series=series,
        model_id="m",
    )


def memory() -> MemoryProfile:
    phases = tuple(
        MemoryPhase(
            phase=phase,
            rss_mib=12.0 + 15 * step,
            peak_mib=14.0 + 16 * step,
            anonymous_mib=5.0 + 9 * step,
            file_mib=7.0 + 6 * step,
            shared_memory_mib=0.0,
            pss_mib=9.5 + 14 * step,
            private_mib=8.0 + 13 * step,
            swap_mib=0.0,
            model_mapped_mib=None if step < 2 else 1.2,
        )
        for step, phase in enumerate(MEMORY_PHASES)
    )
    return MemoryProfile(
        phases=phases,
        average_rss_mib=71.5,
        average_pss_mib=65.2,
        peak_pss_mib=66.0,
        kv_cache_mib=22.5,
        major_faults=0,
        absent={"cgroup_peak_mib": "This kernel keeps no memory cgroup (Raspberry Pi OS).", "gpu_used_mib": "no GPU"},
    )


def conditions() -> Conditions:
    return Conditions(
        window_s=2.04,
        sample_hz_asked=10.0,
        sample_hz_got=9.8,
        temperature_min_c=51.0,
        temperature_max_c=58.5,
        cpu_mhz_min=1500.0,
        cpu_mhz_max=2400.0,
        others_cpu_share=0.012,
        stolen_cpu_share=0.0,
        waited_cpu_share=0.004,
        worker_stopped_s=0.0,
        worker_still_s=0.1,
        clock_sources=("tsc",),
        throttle_events=0,
        swapped_in_pages=0,
        wall_clock_step_ms=0.04,
        absent={"memory_pressure_share": "This kernel has no /proc/pressure."},
    )


def soak(knee_s: float | None = 24.0) -> Soak:
    curve = tuple(
        SoakBucket(
            at_s=second + 0.5,
            p50_ms=0.41 if knee_s is None or second < knee_s else 0.57 + 0.004 * (second % 5),
            n=2300,
            temperature_c=52 + 30 * (1 - math.exp(-second / 20)),
            cpu_mhz=2400.0 if knee_s is None or second < knee_s else 1800.0,
        )
        for second in range(60)
    )
    return Soak(
        duration_s=60.2,
        complete=True,
        curve=curve,
        burst_p50_ms=0.41,
        sustained_p50_ms=0.578,
        knee_s=knee_s,
        slowdown=0.578 / 0.41,
    )


def tensor_points() -> tuple[SweepPoint, ...]:
    measured = [
        SweepPoint(
            at=SweepAt(shapes={"image": (batch, 1, 8, 8)}),
            metrics=(
                fleet.row("latency_p50_ms", 0.3 + 0.11 * batch, 0.006 * batch),
                fleet.row("throughput_per_s", 1000 * batch / (0.3 + 0.11 * batch)),
                fleet.row("peak_memory_mib", 58 + 1.5 * batch),
            ),
        )
        for batch in (1, 2, 4, 8, 16)
    ]
    return (*measured, SweepPoint(at=SweepAt(shapes={"image": (32, 1, 8, 8)}), failure="out of memory at batch 32"))


def text_points() -> tuple[SweepPoint, ...]:
    return tuple(
        SweepPoint(
            at=SweepAt(prompt_tokens=prompt, depth_tokens=depth),
            metrics=(
                fleet.row("ttft_ms", prompt * (6.6 + depth / 900), 12.0),
                fleet.row("prefill_tokens_per_s", 152 - depth / 40, 2.0),
                fleet.row("decode_tokens_per_s", 38 - depth / 150, 0.5),
                fleet.row("kv_cache_mib", 22.5 * (prompt + depth) / 1000),
            ),
        )
        for prompt in (128, 512)
        for depth in (0, 512, 1024, 2048)
    )


def full(number: int, record: rest.ModelRecord, trust: Trust = CLEAN) -> m.Result:
    """A run that was asked for everything: its artifact is `trace()`."""
    writes_tokens = record.format == "gguf"
    base = fleet.language_rows(38.0) if writes_tokens else fleet.vision_rows(0.412, 0.004)
    cold = fleet.row("load_cold_ms", 61.0), fleet.row("first_inference_cold_ms", 4.1)
    open_loop = fleet.row("response_p50_ms", 0.52, 0.01), fleet.row("response_p95_ms", 1.41, 0.1)
    result = fleet.result(number, record, (*base, *cold, *open_loop))
    return replace(
        result,
        absent=(*result.absent, m.AbsentMetric(metric="response_p99_ms", reason="needs 299 samples; there are 150")),
        artifacts=(reference("trace", trace()),),
        trust=trust,
        timing=Timing(
            clock_resolution_ns=41.0,
            loop_overhead_ns=212.0,
            warmup_runs=160,
            settled=True,
            window_end="precision",
            relative_half_width=0.0084,
        ),
        cold_start=ColdStart(evicted=True, resident_before_share=0.98, resident_after_share=0.0),
        memory=memory(),
        conditions=conditions(),
        footprint=Footprint(agent_cpu_share=0.0031, sampler_cpu_share=0.0022, sampler_hz=9.8, agent_rss_mib=31.4),
        points=text_points() if writes_tokens else tensor_points(),
        soak=soak(),
        open_loop=OpenLoop(
            rate_per_s=600.0,
            arrivals="poisson",
            seed=7,
            n=150,
            unanswered=0,
            busy_share=0.26,
            longest_queue=3,
            kept_up=True,
        ),
        noise_floor=replace(floor(number=number), model_id=result.model_id, config_key=result.config_key),
    )


def spoiled(number: int, record: rest.ModelRecord) -> m.Result:
    """A run in which much went wrong: every part of it must say so."""
    good = full(number, record, Trust(marks=(BUSY, THROTTLED)))
    assert good.timing
    assert good.conditions
    assert good.open_loop
    return replace(
        good,
        artifacts=(),
        timing=replace(good.timing, settled=False, window_end="time", relative_half_width=0.061),
        cold_start=ColdStart(
            evicted=False, resident_before_share=1.0, resident_after_share=1.0, reason="the files lie on a tmpfs"
        ),
        conditions=replace(
            good.conditions,
            throttle_flags=("frequency_capped",),
            throttle_events=4,
            swapped_in_pages=12,
            cpus_gone=(3,),
        ),
        open_loop=replace(good.open_loop, kept_up=False, unanswered=41, busy_share=1.6, longest_queue=149),
        noise_floor=None,
        points=(),
        soak=None,
    )


def typical() -> fleet.Fleet:
    """One calibrated device with a clean family, a doubtful one, a language model, and a run without a badge."""
    fp32, int8 = (fleet.model(f"digits-cnn {kind}", "digits-cnn", quantization=kind) for kind in ("fp32", "int8"))
    mesh, old = fleet.model("face-mesh", "face-mesh", "tflite", "fp16"), fleet.model("magika", "magika")
    llm = fleet.model("SmolLM2-135M Q4_1", "SmolLM2-135M", "gguf", "Q4_1", "llm")
    quick = replace(
        full(1, int8), metrics=fleet.vision_rows(0.254, 0.003), points=(), soak=None, open_loop=None, absent=()
    )
    return fleet.Fleet(
        states=[fleet.state(1, "pi5-kitchen")],
        facts=[fleet.facts(1)],
        models=[fp32, int8, mesh, old, llm],
        results=[
            full(1, fp32),
            quick,
            spoiled(1, mesh),
            fleet.result(1, old, fleet.vision_rows(2.1, 0.1)),
            full(1, llm),
        ],
        prices_usd={1: 80.0},
        artifacts=[trace()],
    )
