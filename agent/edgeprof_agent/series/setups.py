"""What a series consists of: the product of models, runtimes, threads and providers, as far as it makes sense. Pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edgeprof.errors import UsageError
from edgeprof.modelfiles import ModelFile
from edgeprof.wire import identity
from edgeprof.wire.messages import ModelFormat, RunConfig
from edgeprof.wire.run_request import RunRequest
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

_ONE_PROVIDER = {name for name, variant in VARIANTS.items() if "onnx" not in variant.formats}
"""Runtimes without execution providers to choose from."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")


@dataclass(frozen=True, kw_only=True)
class Setup(RunRequest):
    """One model in one configuration. `label` tells it from the others; `folder` is where its results are kept."""

    file: ModelFile
    label: str
    folder: str


@dataclass(frozen=True, kw_only=True)
class Axes:
    """The values that were asked for. No runtime: the first installed one for a model's format."""

    runtimes: Sequence[str]
    threads: Sequence[int]
    providers: Sequence[str]


def setups_of(
    files: Sequence[ModelFile],
    axes: Axes,
    run_of: Callable[[ModelFile], RunRequest],
    default_runtime: Callable[[ModelFormat], str],
) -> tuple[list[Setup], list[str]]:
    """Every set-up once, and a sentence for each combination that was left out. Raises UsageError if a model has none.

    `run_of` gives what the runs of one model have in common.
    """
    bare: list[tuple[ModelFile, RunConfig]] = []
    runs = {file.manifest: run_of(file) for file in files}
    skipped: list[str] = []
    for file in files:
        runtimes = _runtimes(file, axes.runtimes, default_runtime, skipped)
        found = [
            config for runtime in runtimes for config in _configs(runtime, axes, runs[file.manifest].config, skipped)
        ]
        known = [config for other, config in bare if other.manifest == file.manifest]
        bare += [(file, config) for config in found if config not in known]
    labels, folders = _labels(bare), _folders(bare)
    return [
        Setup(file=file, config=config, protocol=runs[file.manifest].protocol, label=label, folder=folder)
        for (file, config), label, folder in zip(bare, labels, folders, strict=True)
    ], list(dict.fromkeys(skipped))


def _runtimes(
    file: ModelFile, asked: Sequence[str], default: Callable[[ModelFormat], str], skipped: list[str]
) -> list[str]:
    if not asked:
        return [default(file.format)]
    fitting = [runtime for runtime in asked if file.format in VARIANTS[runtime].formats]
    if not fitting:
        which = asked[0] if len(asked) == 1 else f"None of {', '.join(asked)}"
        verb = "does not run" if len(asked) == 1 else "runs"
        raise UsageError("wrong_runtime", f"{which} {verb} {file.format} models. Leave --runtime out.")
    others = [runtime for runtime in asked if runtime not in fitting]
    skipped += [
        f"Skipped {file.manifest.entry} on {runtime}, which does not support {file.format}." for runtime in others
    ]
    return fitting


def _configs(runtime: str, axes: Axes, base: RunConfig, skipped: list[str]) -> list[RunConfig]:
    providers = list(axes.providers)
    if runtime in _ONE_PROVIDER and "cpu" in providers:
        skipped += [
            f"Skipped provider {name} on {runtime}, which has no providers to choose from."
            for name in providers
            if name != "cpu"
        ]
        providers = ["cpu"]
    return [
        replace(base, runtime=runtime, threads=threads, provider=provider)
        for provider in providers
        for threads in axes.threads
    ]


def _labels(bare: Sequence[tuple[ModelFile, RunConfig]]) -> list[str]:
    """The model and whatever differs: `digits.onnx, 2 threads`."""
    configs = [config for _, config in bare]
    parts = [
        [
            file.manifest.entry,
            *([config.runtime] if len({one.runtime for one in configs}) > 1 else []),
            *([_threads(config.threads)] if len({one.threads for one in configs}) > 1 else []),
            *([config.provider] if len({one.provider for one in configs}) > 1 else []),
        ]
        for file, config in bare
    ]
    return _made_unique([", ".join(part) for part in parts], bare, " (model {})")


def _folders(bare: Sequence[tuple[ModelFile, RunConfig]]) -> list[str]:
    names = [
        f"{file.manifest.entry}-{config.runtime}-{f'{config.threads}t' if config.threads else 'all-cores'}"
        + (f"-{config.provider}" if config.provider != "cpu" else "")
        for file, config in bare
    ]
    return _made_unique([_UNSAFE.sub("_", name).lstrip(".-") for name in names], bare, "-{}")


def _made_unique(names: list[str], bare: Sequence[tuple[ModelFile, RunConfig]], pattern: str) -> list[str]:
    """Two models of one file name are told apart by the start of their ids."""
    return [
        name if names.count(name) == 1 else name + pattern.format(identity.model_id(file.manifest)[:6])
        for name, (file, _) in zip(names, bare, strict=True)
    ]


def _threads(threads: int) -> str:
    return "every core" if threads == 0 else f"{threads} thread{'' if threads == 1 else 's'}"
