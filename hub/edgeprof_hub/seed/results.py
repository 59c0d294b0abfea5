"""Results of a made-up fleet: figures that scatter like measured ones, and failures. Nothing of it was measured."""

import random
import statistics
from dataclasses import replace
from typing import cast

from edgeprof.statistics.shares import wilson
from edgeprof.wire import identity
from edgeprof.wire import messages as m
from edgeprof.wire.evaluation import Evaluation
from edgeprof.wire.evidence import Trust, TrustMark
from edgeprof.wire.failures import FailureCode
from edgeprof_hub.seed.plan import MADE_UP, VERSION, SeedDevice, SeedModel

SAMPLES = 200
ITEMS = 500
"""Of a made-up evaluation."""
FAILED_SHARE = 0.04
DOUBTED_SHARE = 0.06
FAILURES: tuple[tuple[FailureCode, m.Stage], ...] = (
    ("out_of_memory", "load"),
    ("operator_unsupported", "load"),
    ("timeout", "measure"),
    ("crash", "measure"),
)
NO_ENERGY = f"Power not measured: this run was {MADE_UP}."


def result(result_id: str, board: SeedDevice, network: SeedModel, at_s: float, chance: random.Random) -> m.Result:
    """One run of a model on a device at a moment."""
    failure = _failure(chance)
    kernels = 9 if network.record.quantization == "int8" else 0
    samples = () if failure else _samples(board, network, chance)
    return m.Result(
        result_id=result_id,
        job_id=None,
        attempt=1,
        device_id=board.device_id,
        model_id=network.record.model_id,
        model_name=network.record.name,
        config=network.config,
        config_key=network.config_key,
        protocol=m.RunProtocol(),
        status="failed" if failure else "measured",
        failure=failure,
        effective=None if failure else _effective(network, kernels),
        metrics=() if failure else _rows(network, samples, chance),
        absent=() if failure else (m.AbsentMetric(metric=_energy_of(network), reason=NO_ENERGY),),
        samples_ms=() if _is_language(network) else samples,
        artifacts=(),
        started=_stamp(at_s),
        finished=_stamp(at_s + 12.0),
        before=None,
        after=None,
        isolation=None,
        emulated=False,
        agent_version=VERSION,
        trust=None if failure else _trust(chance),
    )


def evaluation(result_id: str, board: SeedDevice, network: SeedModel, at_s: float, chance: random.Random) -> m.Result:
    """One run that answers a set, without its outcomes: gates and drift are made of measured ones only."""
    right = min(ITEMS, max(1, round(ITEMS * chance.gauss(0.9, 0.02))))
    low, high = wilson(right, ITEMS)
    name, task = (
        ("synthetic-quiz", "multiple-choice") if _is_language(network) else ("synthetic-shapes", "image-classification")
    )
    set_id = identity.sha256_hex(f"{MADE_UP} {name}".encode())
    config = replace(network.config, evaluation_set=set_id)
    accuracy = m.MetricRow(
        metric="accuracy_percent", value=100 * right / ITEMS, n=ITEMS, ci_low=100 * low, ci_high=100 * high
    )
    return replace(
        result(result_id, board, network, at_s, chance),
        config=config,
        config_key=identity.config_key(config),
        status="measured",
        failure=None,
        effective=_effective(network, 0),
        metrics=(accuracy,),
        absent=(),
        samples_ms=(),
        trust=None,
        evaluation=Evaluation(
            set_id=set_id,
            set_name=name,
            task=task,
            asked=ITEMS,
            answered=ITEMS,
            ended="all",
            architecture=board.facts.machine,
        ),
    )


def _is_language(network: SeedModel) -> bool:
    return network.record.format == "gguf"


def _energy_of(network: SeedModel) -> str:
    return "energy_per_token_j" if _is_language(network) else "energy_per_inference_j"


def _failure(chance: random.Random) -> m.Failure | None:
    if chance.random() >= FAILED_SHARE:
        return None
    code, stage = chance.choice(FAILURES)
    return m.Failure(stage=stage, code=code, message=f"This failure was {MADE_UP}.", log=MADE_UP)


def _trust(chance: random.Random) -> Trust:
    if chance.random() >= DOUBTED_SHARE:
        return Trust()
    return Trust(marks=(TrustMark(cause="busy", reason=f"This doubt was {MADE_UP}."),))


def _samples(board: SeedDevice, network: SeedModel, chance: random.Random) -> tuple[float, ...]:
    """Log-normal around what this cell takes, moved a little from run to run."""
    middle_ms = network.time_ms * board.slowness * chance.lognormvariate(0, 0.02)
    return tuple(round(middle_ms * chance.lognormvariate(0, 0.05), 6) for _ in range(SAMPLES))


def _rows(network: SeedModel, samples: tuple[float, ...], chance: random.Random) -> tuple[m.MetricRow, ...]:
    ordered = sorted(samples)
    low, high = ordered[86], ordered[114]  # the 95 % interval of the median of 200 (binomial)
    memory_mib = network.memory_mib * chance.uniform(0.98, 1.02)
    memory = m.MetricRow(metric="peak_memory_mib", value=memory_mib, n=1)
    if _is_language(network):
        middle = statistics.median(ordered)
        rate = m.MetricRow(
            metric="decode_tokens_per_s", value=1000 / middle, ci_low=1000 / high, ci_high=1000 / low, n=SAMPLES
        )
        prefill = m.MetricRow(metric="prefill_tokens_per_s", value=4000 / middle, n=5)
        return prefill, rate, m.MetricRow(metric="ttft_ms", value=32 * middle, n=5), memory
    quantiles = {"p50": statistics.median(ordered), "p95": ordered[189], "p99": ordered[197]}
    times = [
        m.MetricRow(
            metric=f"latency_{name}_ms",
            value=value,
            ci_low=low if name == "p50" else None,
            ci_high=high if name == "p50" else None,
            n=SAMPLES,
        )
        for name, value in quantiles.items()
    ]
    starts = [
        m.MetricRow(metric=metric, value=quantiles["p50"] * share, n=1)
        for metric, share in (("first_inference_ms", 3.0), ("load_ms", 9.0), ("runtime_import_ms", 40.0))
    ]
    return (*starts, *times, memory)


def _effective(network: SeedModel, kernels: int) -> m.Effective:
    return m.Effective(
        runtime=network.config.runtime,
        runtime_version=VERSION,
        threads=4,
        affinity=(0, 1, 2, 3),
        provider="cpu",
        nodes_per_provider=cast("dict[str, int]", {}) if _is_language(network) else {"CPUExecutionProvider": 9},
        delegate=None,
        operators={"Conv": 9},
        integer_kernels=None if _is_language(network) else kernels,
        float_kernels=None if _is_language(network) else 9 - kernels,
        inputs={"image": "float32[1,3,224,224]"},
        input_source=MADE_UP,
    )


def _stamp(at_s: float) -> m.Stamp:
    return m.Stamp(boot_id="0" * 36, monotonic_ns=int(at_s * 1e9), wall_s=at_s)
