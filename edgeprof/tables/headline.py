"""The figures that every table shows first, for a model that answers at once and for one that writes tokens."""

from dataclasses import dataclass
from typing import Literal

from edgeprof.wire.formats import is_language
from edgeprof.wire.messages import ModelFormat

Kind = Literal["inference", "language"]


@dataclass(frozen=True)
class Headline:
    """One metric of a table's row. `lead` marks the one that is shown with its interval and its mark."""

    metric: str
    header: str
    lead: bool = False


HEADLINES: dict[Kind, tuple[Headline, ...]] = {
    "inference": (
        Headline("latency_p50_ms", "p50 ms", lead=True),
        Headline("latency_p95_ms", "p95"),
        Headline("latency_p99_ms", "p99"),
        Headline("peak_memory_mib", "MiB"),
        Headline("energy_per_inference_j", "energy"),
    ),
    "language": (
        Headline("decode_tokens_per_s", "decode tok/s", lead=True),
        Headline("prefill_tokens_per_s", "prefill"),
        Headline("ttft_ms", "TTFT ms"),
        Headline("peak_memory_mib", "MiB"),
        Headline("energy_per_token_j", "energy/tok"),
    ),
}


def kind_of(model_format: ModelFormat) -> Kind:
    """Language models write tokens; the others answer at once."""
    return "language" if is_language(model_format) else "inference"


def metric_names(model_format: ModelFormat) -> tuple[str, ...]:
    """The metrics without which a run of this format is not fully told."""
    return tuple(item.metric for item in HEADLINES[kind_of(model_format)])
