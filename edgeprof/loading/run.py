"""The search on a real model: what it costs, each rate as it is known, the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from edgeprof.errors import UsageError
from edgeprof.loading import search as searching
from edgeprof.loading.measured import Server, Unloaded
from edgeprof.loading.queueing import rate_within
from edgeprof.loading.search import Found, Level, Probe
from edgeprof.modelfiles import inspect
from edgeprof.tables import figures
from edgeprof.wire.formats import is_language

_RUN_S = 5.0
"""To start a worker, load a small model and warm it up."""
_SHORT_RUNS, _LONG_RUNS = 4, 4
"""As many as a search usually takes."""

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class LoadRequest:
    """What to ask of which model. `options`: fields of a run by name, such as `threads`."""

    model: Path
    level: Level
    long_requests: int = searching.LONG_REQUESTS
    options: Mapping[str, object] = field(default_factory=lambda: {})


@dataclass(frozen=True, kw_only=True)
class LoadOutcome:
    """The answer with everything that it rests on."""

    level: Level
    unloaded: Unloaded
    probes: tuple[Probe, ...]
    found: Found


def run(request: LoadRequest, say: Say) -> LoadOutcome:
    """Raises UsageError for a model that takes no requests at a rate, EdgeprofError where a run fails."""
    if is_language(inspect(request.model).format):
        raise UsageError(
            "wrong_load_model",
            f"{request.model.name} is a language model. `edgeprof load` takes ONNX and TFLite files; for a served "
            "model, use `edgeprof profile --endpoint URL --rate R`.",
        )
    server = Server(request.model, request.options, _silent, [])
    unloaded = server.unloaded()
    say(f"One inference: {figures.number(unloaded.mean_ms)} ms. {_cost(request, unloaded)}")
    probes: list[Probe] = []
    for probe in searching.search(
        request.level,
        unloaded.mean_ms,
        unloaded.spread,
        lambda rate, requests, number: server.ask(request.level, rate, requests, number),
        request.long_requests,
    ):
        probes.append(probe)
        value = probe.response.value_ms
        text = f"{figures.number(value)} ms" if value is not None else "did not keep up"
        say(f"  {figures.number(probe.rate_per_s)} requests/s: {text}, {probe.response.n:,} answered")
    found = searching.found(request.level, unloaded.mean_ms, unloaded.spread, probes)
    return LoadOutcome(level=request.level, unloaded=unloaded, probes=tuple(probes), found=found)


def told(outcome: LoadOutcome) -> str:
    """As JSON: rates a second, times in ms."""
    document = {
        "load": 1,
        "level": outcome.level,
        "service_mean_ms": outcome.unloaded.mean_ms,
        "service_p50_ms": outcome.unloaded.p50_ms,
        "found": outcome.found,
        "probes": outcome.probes,
    }
    return msgspec.json.format(msgspec.json.encode(document)).decode()


def _cost(request: LoadRequest, unloaded: Unloaded) -> str:
    """Said before the first rate: most of it is the time that the requests take to arrive."""
    level = request.level
    rate = rate_within(level.limit_ms, unloaded.mean_ms, unloaded.spread, level.quantile) * 1e3
    if not rate:
        return "That is longer than the limit; the search looks for a rate all the same."
    arriving_s = (_SHORT_RUNS * searching.SHORT_REQUESTS + _LONG_RUNS * request.long_requests) / rate
    total_s = arriving_s + (_SHORT_RUNS + _LONG_RUNS) * _RUN_S
    return f"Expected: about {_SHORT_RUNS + _LONG_RUNS} runs, {max(1, round(total_s / 60))} min."


def _silent(stage: str, fraction: float | None, note: str) -> None:
    return
