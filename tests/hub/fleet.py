"""Devices, models and results for tests, made here and written through the store as the hub would."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgeprof.wire import identity, rest
from edgeprof.wire import messages as m
from edgeprof.wire.metrics import Origin
from edgeprof.wire.tasks import Task
from edgeprof_devices import load_profiles
from edgeprof_hub.store.base import WriteStore

NOW_S = 1_780_000_000.0
NO_SENSOR = "No power sensor can be read on this machine (RAPL needs root)."


def stamp(offset_s: float = 0.0) -> m.Stamp:
    return m.Stamp(boot_id="b" * 36, monotonic_ns=int((100 + offset_s) * 1e9), wall_s=NOW_S + offset_s)


def device_id(number: int) -> str:
    return f"d-{number:016x}"


def state(number: int, name: str, online: bool = True) -> m.State:
    return m.State(
        device_id=device_id(number),
        session_id="s-1",
        name=name,
        online=online,
        agent_version="0.1.0",
        hostname=f"host{number}",
    )


def facts(number: int, emulates: str | None = None) -> m.Facts:
    return m.Facts(
        device_id=device_id(number),
        session_id="s-1",
        machine="aarch64",
        dt_model="Raspberry Pi 5 Model B Rev 1.0",
        dt_compatible=("raspberrypi,5-model-b", "brcm,bcm2712"),
        dmi_product=None,
        dmi_board=None,
        cpu_model="Cortex-A76",
        cpu_flags=("asimd", "asimddp"),
        cores=4,
        memory_mib=8052.0,
        memory_limit_mib=3072.0 if emulates else None,
        kernel="6.6.31",
        os="Debian GNU/Linux 12",
        python="3.11.2",
        runtimes=(
            m.RuntimeFact(variant="onnxruntime", formats=("onnx",), version="1.23.2"),
            m.RuntimeFact(variant="litert", formats=("tflite",), version="2.1.0"),
            m.RuntimeFact(variant="xllamacpp", formats=("gguf",), version=None, reason="The package is missing."),
        ),
        sensors=(m.SensorFact(name="rapl", scope="cpu_package", available=False, reason=NO_SENSOR),),
        isolation=("rlimits",),
        emulates=emulates,
    )


def record(number: int, facts: m.Facts | None = None, name: str = "pi", online: bool = True) -> rest.DeviceRecord:
    """A device as the hub keeps it, of which no more is known."""
    return rest.DeviceRecord(
        device_id=device_id(number),
        name=name,
        label=name,
        online=online,
        last_seen_s=NOW_S,
        agent_version="0.1.0",
        hostname="host",
        profile_id=None,
        profile_title=None,
        profile_reason="",
        emulated=False,
        price_usd=None,
        price_source=None,
        facts=facts,
    )


def model(
    name: str, family: str, model_format: m.ModelFormat = "onnx", quantization: str = "fp32", task: Task = "other"
) -> rest.ModelRecord:
    digest = identity.sha256_hex(f"{name}{family}{model_format}{quantization}".encode())
    manifest = identity.manifest_of(
        f"model.{model_format}", [m.FileRef(path=f"model.{model_format}", size=300_000, sha256=digest)]
    )
    return rest.ModelRecord(
        model_id=identity.model_id(manifest),
        name=name,
        family=family,
        variant=quantization,
        quantization=quantization,
        format=model_format,
        manifest=manifest,
        size_bytes=300_000,
        task=task,
        licence="Apache-2.0",
        created_s=NOW_S,
    )


RUNTIME_OF: dict[m.ModelFormat, str] = {
    "onnx": "onnxruntime",
    "tflite": "litert",
    "gguf": "xllamacpp",
    "served": "openai-api",
}


def config(record: rest.ModelRecord) -> m.RunConfig:
    return m.RunConfig(runtime=RUNTIME_OF[record.format])


def row(
    metric: str, value: float, spread: float | None = None, origin: Origin = "measured", scope: str | None = None
) -> m.MetricRow:
    low, high = (None, None) if spread is None else (value - spread, value + spread)
    return m.MetricRow(metric=metric, value=value, n=200, ci_low=low, ci_high=high, origin=origin, scope=scope)


def vision_rows(p50_ms: float, spread_ms: float) -> tuple[m.MetricRow, ...]:
    return (
        row("worker_start_ms", 31.0),
        row("runtime_import_ms", 180.0),
        row("load_ms", 12.0),
        row("first_inference_ms", p50_ms * 3),
        row("latency_p50_ms", p50_ms, spread_ms),
        row("latency_p95_ms", p50_ms * 1.3, spread_ms * 2),
        row("latency_p99_ms", p50_ms * 1.6, spread_ms * 3),
        row("peak_memory_mib", 58.25),
    )


def language_rows(decode: float) -> tuple[m.MetricRow, ...]:
    return (
        row("prefill_tokens_per_s", decode * 4, 3.0),
        row("decode_tokens_per_s", decode, 1.0),
        row("ttft_ms", 128_000 / (decode * 4), 9.0),
        row("peak_memory_mib", 260.5),
    )


def result(
    number: int,
    record: rest.ModelRecord,
    rows: Sequence[m.MetricRow] = (),
    *,
    failure: m.Failure | None = None,
    emulated: bool = False,
    integer_kernels: int = 0,
) -> m.Result:
    energy = "energy_per_token_j" if record.format == "gguf" else "energy_per_inference_j"
    center = rows[4].value if len(rows) > 4 else 1.0
    return m.Result(
        result_id=identity.new_id(),
        job_id=None,
        attempt=1,
        device_id=device_id(number),
        model_id=record.model_id,
        model_name=record.name,
        config=config(record),
        config_key=identity.config_key(config(record)),
        protocol=m.RunProtocol(),
        status="failed" if failure else "measured",
        failure=failure,
        effective=None if failure else effective(record, integer_kernels),
        metrics=tuple(rows),
        absent=() if failure else (m.AbsentMetric(metric=energy, reason=NO_SENSOR),),
        samples_ms=()
        if failure or record.format == "gguf"
        else tuple(center * (1 + 0.04 * ((i * 37) % 11) / 11) for i in range(200)),
        artifacts=(),
        started=stamp(),
        finished=stamp(4.0),
        before=device_state(51.0),
        after=device_state(58.5),
        isolation=m.Isolation(layers=("rlimits",), memory_limit_mib=None),
        emulated=emulated,
        agent_version="0.1.0",
    )


def effective(record: rest.ModelRecord, integer_kernels: int) -> m.Effective:
    return m.Effective(
        runtime=RUNTIME_OF[record.format],
        runtime_version="2.1.0" if record.format == "tflite" else "1.23.2",
        threads=4,
        affinity=(0, 1, 2, 3),
        provider="cpu",
        nodes_per_provider={"CPUExecutionProvider": 9},
        delegate="XNNPACK" if record.format == "tflite" else None,
        operators={"Conv": 4, "Relu": 3, "Gemm": 2},
        integer_kernels=integer_kernels,
        float_kernels=9 - integer_kernels,
        inputs={"image": "float32[1,1,8,8]"},
        input_source="seeded random",
    )


def device_state(temperature_c: float) -> m.DeviceState:
    return m.DeviceState(
        at=stamp(),
        temperature_c=temperature_c,
        temperature_source="cpu-thermal",
        cpu_mhz=2400.0,
        governor="ondemand",
        load_1m=0.2,
        memory_available_mib=7000.0,
        throttled=False,
        power_mode=None,
    )


UNSUPPORTED = m.Failure(
    stage="load",
    code="operator_unsupported",
    message="The model uses the custom operator TransformLandmarks, which this runtime does not have.",
    log="ERROR: Encountered unresolved custom op: TransformLandmarks.",
)


@dataclass
class Fleet:
    """What a hub of a test holds."""

    states: list[m.State] = field(default_factory=lambda: [])
    facts: list[m.Facts] = field(default_factory=lambda: [])
    models: list[rest.ModelRecord] = field(default_factory=lambda: [])
    results: list[m.Result] = field(default_factory=lambda: [])
    jobs: list[rest.JobRecord] = field(default_factory=lambda: [])
    prices_usd: dict[int, float] = field(default_factory=lambda: {})
    artifacts: list[bytes] = field(default_factory=lambda: [])
    """What results name, see `keep_artifacts`."""


def job(number: int, record: rest.ModelRecord) -> rest.JobRecord:
    return rest.JobRecord(
        job_id=identity.new_id(),
        campaign_id=identity.new_id(),
        attempt=1,
        device_id=device_id(number),
        model_id=record.model_id,
        config=config(record),
        config_key=identity.config_key(config(record)),
        protocol=m.RunProtocol(),
        state="queued",
        stage="",
        fraction=None,
        note="",
        result_id=None,
        created_s=NOW_S,
        updated_s=NOW_S,
    )


def typical() -> Fleet:
    """One real and one emulated device; two families and a language model; a failure; a job that has not begun."""
    fp32 = model("digits-cnn fp32", "digits-cnn")
    int8 = model("digits-cnn int8", "digits-cnn", quantization="int8")
    lite = model("digits-cnn lite int8", "digits-cnn", "tflite", "int8")
    mesh = model("face-mesh", "face-mesh", "tflite", "fp16")
    llm = model("SmolLM2-135M Q4_1", "SmolLM2-135M", "gguf", "Q4_1", "llm")
    return Fleet(
        states=[state(1, "pi5-kitchen"), state(2, "phone")],
        facts=[facts(1), facts(2, emulates="galaxy-a03")],
        models=[fp32, int8, lite, mesh, llm],
        results=[
            result(1, fp32, vision_rows(0.412, 0.004)),
            result(1, int8, vision_rows(0.254, 0.006), integer_kernels=6),
            result(1, lite, vision_rows(0.250, 0.005), integer_kernels=6),
            result(1, mesh, failure=UNSUPPORTED),
            result(1, llm, language_rows(38.0)),
            result(2, fp32, vision_rows(0.812, 0.004), emulated=True),
            result(2, int8, vision_rows(0.554, 0.006), emulated=True),
            result(2, mesh, failure=UNSUPPORTED, emulated=True),
        ],
        jobs=[job(2, llm)],
        prices_usd={1: 80.0},
    )


def hostile(text: str) -> Fleet:
    """One device and one model that carry a name which must be shown as text."""
    record = model(text, text)
    return Fleet(
        states=[state(1, text)],
        facts=[replace(facts(1), dt_model=text, os=text)],
        models=[record],
        results=[result(1, record, vision_rows(0.4, 0.01))],
    )


def fill(store: WriteStore, fleet: Fleet) -> None:
    """Write a fleet as the hub's writer does."""
    for item in fleet.states:
        store.save_state(item, NOW_S)
    for item in fleet.facts:
        profile_id = item.emulates or "rpi-5-8"
        title = load_profiles()[profile_id].title
        store.save_facts(item, profile_id, "The device tree says raspberrypi,5-model-b.", title)
    for number, price_usd in fleet.prices_usd.items():
        store.set_device_price(device_id(number), price_usd, "a receipt of 2026-03-01")
    for item in fleet.models:
        store.save_model(item)
    if fleet.jobs:
        store.create_campaign(fleet.jobs)
    for item in fleet.results:
        store.save_result(item, identity.sha256_hex(item.result_id.encode()), NOW_S)


def keep_artifacts(data: Path, fleet: Fleet) -> None:
    """Put a fleet's artifacts where a hub with this data folder looks for them."""
    for content in fleet.artifacts:
        sha256 = identity.sha256_hex(content)
        file = data / "artifacts" / sha256[:2] / sha256
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
