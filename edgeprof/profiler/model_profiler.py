"""`edgeprof.ModelProfiler`: models on deployment targets, characterized by one call."""

import asyncio
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from edgeprof.client.http_client import HubClient, token_from
from edgeprof.errors import UsageError
from edgeprof.net.hub_url import DEFAULT_URL
from edgeprof.profiler import cells, models, running
from edgeprof.profiler.cells import Cell, Recording
from edgeprof.profiler.characterization import Characterization
from edgeprof.profiler.plan import OptionValue, Plan, checked, texts
from edgeprof.profiler.profiles import ModelProfile, profile_of
from edgeprof.profiler.running import OnProgress

DEFAULT_METRICS = ("latency", "memory", "throughput")


class ModelProfiler:
    """Models on deployment targets: `ModelProfiler(models=[...], ...).characterize_models()`.

    `models`: files, recipe names, models of a hub (name or id), hosted models (`openai:gpt-5-nano`), or `TorchModel`.
    `metrics`: latency, memory, throughput, load, energy, accuracy, cost, size, or a metric's own name.
    `deployment_targets`: `local`; an endpoint's URL; on a hub `edge`, `mobile`, `cloud`, a device, a group, or the
    hub's URL followed by one of these. `options`: fields of a run by name, such as `threads` or `window_s`.
    What a target cannot run is a failure in its profile. Raises UsageError for a plan that contradicts itself.

    >>> ModelProfiler(models=["digits-cnn-int8"], metrics=["speed"])
    Traceback (most recent call last):
    edgeprof.errors.UsageError: No metric 'speed'. Groups: latency, memory, throughput, load, energy, accuracy, \
cost, size; or a metric's own name.
    """

    def __init__(
        self,
        models: Sequence[Any] | str | Path,
        metrics: Sequence[str] | str = DEFAULT_METRICS,
        deployment_targets: Sequence[str] | str = ("local",),
        *,
        evaluation_sets: Sequence[str | Path] | str | Path = (),
        gates: Sequence[str] | str = (),
        source: str | Path = "",
        hub: str | HubClient = "",
        token: str | None = None,
        repeats: int = 1,
        seed: int = 0,
        options: Mapping[str, OptionValue] | None = None,
    ) -> None:
        self._items: list[object] = _several(models)
        self._client = hub if isinstance(hub, HubClient) else None
        self._token = token
        self.plan = checked(
            Plan(
                models=tuple(map(_name_of, self._items)),
                metrics=texts(metrics),
                deployment_targets=texts(deployment_targets),
                evaluation_sets=texts(evaluation_sets),
                gates=texts(gates),
                source=str(source),
                hub=hub.url if isinstance(hub, HubClient) else hub,
                repeats=repeats,
                seed=seed,
                options=dict(options or {}),
            )
        )
        if len(set(self.plan.models)) != len(self.plan.models):
            raise UsageError("bad_profile_plan", "A model is named twice. Name each once; repeats=N makes more runs.")

    @classmethod
    def of_plan(cls, plan: Plan, token: str | None = None) -> "ModelProfiler":
        """The profiler of a plan, as `plan.read_plan` reads it from a file."""
        return cls(
            models=plan.models,
            metrics=plan.metrics,
            deployment_targets=plan.deployment_targets,
            evaluation_sets=plan.evaluation_sets,
            gates=plan.gates,
            source=plan.source,
            hub=plan.hub,
            token=token,
            repeats=plan.repeats,
            seed=plan.seed,
            options=plan.options,
        )

    def characterize_models(self, on_progress: OnProgress | None = None) -> Characterization:
        """Measure everything; `on_progress` is called with every step. Ctrl-C ends it without a result."""
        found: list[Cell] = []
        artifacts: dict[str, bytes] = {}
        for cell, files in self._cells(on_progress or _silent):
            found.append(cell)
            artifacts.update(files)
        return Characterization(
            self.plan, Recording(cells=cells.in_plan_order(found, self.plan.models), artifacts=artifacts)
        )

    async def characterize_models_async(self, on_progress: OnProgress | None = None) -> Characterization:
        """The same in a thread. A cancelled task stops waiting; the run in progress ends by itself."""
        return await asyncio.to_thread(self.characterize_models, on_progress)

    def iter_profiles(self, on_progress: OnProgress | None = None) -> Iterator[ModelProfile]:
        """Measure, and yield each profile as soon as it is whole: failures first, then in the order of the runs."""
        for cell, _ in self._cells(on_progress or _silent):
            yield profile_of(self.plan, cell)

    def from_recording(self, folder: Path | str) -> Characterization:
        """The same characterization from results that `Characterization.save` kept; nothing is measured.

        Raises UsageError `bad_recording`, also where the plan's models are not those of the recording.
        """
        recording = cells.load(Path(folder))
        missing = [name for name in self.plan.models if name not in {cell.model for cell in recording.cells}]
        if missing:
            raise UsageError("bad_recording", f"{folder} has no results of {missing[0]}. Use the plan that made it.")
        return Characterization(self.plan, recording)

    def _cells(self, tell: OnProgress) -> Iterator[running.CellArtifacts]:
        url = self.plan.hub or os.environ.get("EDGEPROF_HUB") or DEFAULT_URL
        return running.run(self.plan, self._items, url, self._hub(url), tell)

    def _hub(self, url: str) -> Callable[[], HubClient]:
        """The client, made when a model or a target needs it: a local run needs no hub."""

        def client() -> HubClient:
            if self._client is None:
                self._client = HubClient(url, self._token or token_from(None))
            return self._client

        return client


def _several(given: Any) -> list[object]:
    """One model or several, of whatever kind; a module may be a container of others and is one all the same."""
    if isinstance(given, (str, Path, models.TorchModel)) or models.is_module(given) or not isinstance(given, Iterable):
        return [given]
    return list(cast(Iterable[object], given))


def _name_of(item: object) -> str:
    name = models.name_of(item)
    if not name.isprintable() or not name:
        raise UsageError("bad_profile_plan", f"{name!r} is not a model's name.")
    return name


def _silent(_: running.ProfilerProgress) -> None:
    return
