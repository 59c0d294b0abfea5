"""What a model of this hub would need: a like run's peak where there is one, else a formula of its files.

A hub has no runtimes, so that it has no dry run: `edgeprof fit` on a machine with the runtime is the better estimate.
"""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from edgeprof.errors import EdgeprofError
from edgeprof.fit.estimate import Estimate
from edgeprof.fit.formula import formula_estimate
from edgeprof.fit.verdict import Part
from edgeprof.modelfiles.context_length import needed_tokens
from edgeprof.modelfiles.memory_facts import MemoryFacts, memory_facts
from edgeprof.wire import rest
from edgeprof.wire.formats import FIRST_RUNTIME, is_language
from edgeprof.wire.messages import Manifest, ModelFormat, RunConfig
from edgeprof_hub.blobs import BlobStore

PEAK = "peak_memory_mib"
_KEPT = 2048
"""Models whose files were read; each has some hundred bytes here."""


class Needs(NamedTuple):
    """Of a model in one configuration. `unknown`: why there is no estimate."""

    facts: MemoryFacts | None
    config: RunConfig
    context_tokens: int
    estimate: Estimate | None
    unknown: str = ""


def needs_of(blobs: BlobStore, model: rest.ModelRecord, config: RunConfig, like: Iterable[rest.StoredResult]) -> Needs:
    """`like`: results that may be of the same model in the same configuration on any device."""
    tokens = needed_tokens(config) if is_language(model.format) else 0
    try:
        places = tuple((file.path, blobs.path(file.sha256)) for file in model.manifest.files)
        facts = _facts(model.format, model.manifest, places)
    except (EdgeprofError, OSError, ValueError):
        return Needs(None, config, tokens, None, "The model's files cannot be read on this hub. Upload it again.")
    measured = _measured(like, config)
    if measured is not None:
        return Needs(facts, config, tokens, measured)
    found = formula_estimate(facts, config.runtime, tokens)
    unknown = "" if found else f"The memory of {config.runtime} is not known before a run."
    return Needs(facts, config, tokens, found, unknown)


def default_config(model: rest.ModelRecord, runtime: str = "") -> RunConfig:
    """What a campaign asks for where nobody chose otherwise."""
    return RunConfig(runtime=runtime or FIRST_RUNTIME[model.format])


@lru_cache(maxsize=_KEPT)
def _facts(model_format: ModelFormat, manifest: Manifest, places: tuple[tuple[str, Path], ...]) -> MemoryFacts:
    """Files of a manifest never change: they are stored by their hash."""
    return memory_facts(model_format, manifest, dict(places).__getitem__)


def _measured(like: Iterable[rest.StoredResult], config: RunConfig) -> Estimate | None:
    """The largest peak among runs of the same lengths on the same runtime; threads hardly matter to memory."""
    peaks = [
        (value, held, stored.result.device_id)
        for stored in like
        if _is_like(stored.result.config, config) and stored.result.status == "measured"
        if (value := _metric(stored)) is not None
        if (held := _held(stored)) is not None
    ]
    if not peaks:
        return None
    peak, held, _ = max(peaks)
    devices = len({device for _, _, device in peaks})
    how = f"the largest of {_counted(len(peaks), 'run')} on {_counted(devices, 'device')}"
    return Estimate(
        method="measured",
        parts=(Part(name="peak of similar runs", mib=peak, held_mib=min(peak, held), method="measured", how=how),),
    )


def _is_like(one: RunConfig, other: RunConfig) -> bool:
    def axes(config: RunConfig) -> tuple[object, ...]:
        shapes = tuple(sorted(config.shapes.items())), tuple(sorted(config.dims.items()))
        lengths = config.prompt_tokens, config.decode_tokens, config.depth_tokens
        return (config.runtime, config.provider, config.evaluation_set, shapes, lengths)

    return axes(one) == axes(other)


def _metric(stored: rest.StoredResult) -> float | None:
    return next((row.value for row in stored.result.metrics if row.metric == PEAK), None)


def _held(stored: rest.StoredResult) -> float | None:
    memory = stored.result.memory
    phases = [phase for phase in memory.phases if phase.phase != "after"] if memory else []
    held = [(phase.anonymous_mib or 0.0) + (phase.shared_memory_mib or 0.0) for phase in phases]
    return max(held, default=None)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
