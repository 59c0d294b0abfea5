"""A fleet with every way in which a pair can stand to a service level."""

from collections.abc import Sequence
from dataclasses import replace

from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof.wire.evidence import SweepPoint, Trust, TrustMark
from edgeprof.wire.sweep_at import SweepAt
from tests.hub import fleet

PI, ORIN, PHONE, NANO = 1, 2, 3, 4
LEVEL = "30 frames/s, p95 under 33 ms, 5 W"


def vision(p50_ms: float, spread_ms: float, watts: float | None = None, scope: str = "dc_input") -> list[m.MetricRow]:
    rows = [*fleet.vision_rows(p50_ms, spread_ms), fleet.row("throughput_per_s", 1e3 / p50_ms)]
    if watts is not None:
        rows.append(fleet.row("average_power_w", watts, watts * 0.03, scope=scope))
        rows.append(fleet.row("idle_power_w", watts * 0.4, scope=scope))
    return rows


def run(
    number: int, model: rest.ModelRecord, rows: Sequence[m.MetricRow], soak_s: float = 0.0, **config: object
) -> m.Result:
    """A measured result in a configuration; with a soak, its end is 5 % slower than the window."""
    made = fleet.result(number, model, rows)
    asked = replace(made.config, **config)  # pyright: ignore[reportArgumentType]
    metrics = [*made.metrics]
    if soak_s:
        p50 = next(row for row in rows if row.metric == "latency_p50_ms")
        metrics.append(
            replace(p50, metric="sustained_p50_ms", value=p50.value * 1.05, ci_low=p50.value, ci_high=p50.value * 1.1)
        )
    return replace(
        made,
        config=asked,
        config_key=identity.config_key(asked),
        metrics=tuple(metrics),
        protocol=replace(made.protocol, soak_s=soak_s),
    )


def marked(result: m.Result, cause: str = "busy") -> m.Result:
    mark = TrustMark(cause="busy" if cause == "busy" else "throttled", reason="another program ran")
    return replace(result, trust=Trust(marks=(mark,)))


def ready_fleet() -> fleet.Fleet:
    """Four devices, one of them emulated; a family of three variants, one of one, and a language model."""
    fp32 = fleet.model("mobilenet fp32", "mobilenet", task="image-classification")
    int8 = fleet.model("mobilenet int8", "mobilenet", quantization="int8", task="image-classification")
    lite = fleet.model("mobilenet lite int8", "mobilenet", "tflite", "int8", "image-classification")
    mesh = fleet.model("face-mesh", "face-mesh", "tflite", "fp16")
    llm = fleet.model("SmolLM2-135M Q4_1", "SmolLM2-135M", "gguf", "Q4_1", "llm")
    deep = SweepPoint(at=SweepAt(depth_tokens=2048), metrics=(fleet.row("decode_tokens_per_s", 24.0, 0.5),))
    return fleet.Fleet(
        states=[
            fleet.state(PI, "pi5-kitchen"),
            fleet.state(ORIN, "orin-nano-lab"),
            fleet.state(PHONE, "galaxy-a03 (played)"),
            fleet.state(NANO, "pi-zero-shed"),
        ],
        facts=[fleet.facts(PI), fleet.facts(ORIN), fleet.facts(PHONE, emulates="galaxy-a03"), fleet.facts(NANO)],
        models=[fp32, int8, lite, mesh, llm],
        results=[
            run(PI, fp32, vision(31.0, 0.4, 7.1)),
            run(PI, int8, vision(11.2, 0.1, 4.2), soak_s=600.0),
            run(PI, int8, vision(24.0, 0.3, 3.1), threads=1),
            run(PI, lite, vision(24.8, 1.6, 3.9, "partial_rails"), soak_s=600.0),
            fleet.result(PI, mesh, failure=fleet.UNSUPPORTED),
            marked(run(ORIN, fp32, vision(30.5, 0.5, 9.0))),
            run(ORIN, int8, vision(12.9, 0.1)),
            run(PHONE, int8, vision(9.0, 0.1, 2.0), soak_s=600.0),
            run(NANO, int8, vision(188.0, 2.0, 1.4), soak_s=600.0),
            replace(fleet.result(PI, llm, fleet.language_rows(38.0)), points=(deep,)),
        ],
        prices_usd={PI: 80.0, NANO: 15.0},
    )
