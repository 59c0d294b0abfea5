"""What `edgeprof fit` does: one estimate, and a verdict for each requested device."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from edgeprof.commands.options import check_inputs, parse_dims, parse_shapes
from edgeprof.errors import EdgeprofError, MissingPartError, UsageError
from edgeprof.fit import room
from edgeprof.fit.judging import judge
from edgeprof.fit.of_facts import room_of_facts, target_of_facts
from edgeprof.fit.reasons import reasons_of
from edgeprof.fit.room import Room
from edgeprof.fit.target import Target
from edgeprof.fit.verdict import Fit
from edgeprof.modelfiles import ModelFile, inspect
from edgeprof.wire.formats import FIRST_RUNTIME
from edgeprof.wire.messages import RunConfig
from edgeprof_agent.commands.view.fit import FitView, text_of
from edgeprof_agent.fitting.estimating import Estimated, estimate
from edgeprof_agent.fitting.here import THIS_MACHINE, room_here, target_here
from edgeprof_agent.runtimes import registry
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

_HERE = ("this-machine", THIS_MACHINE)


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """The command's options as given."""

    devices: tuple[str, ...]
    runtime: str | None
    threads: int
    context: int | None
    shapes: tuple[str, ...]
    dims: tuple[str, ...]
    memory_limit_mib: float | None
    may_run: bool
    hub_url: str
    token_file: str | None


class Place(NamedTuple):
    """A device that a model may fit: `kind` is what --device takes."""

    kind: str
    target: Target
    room: Room


def run(model: Path, options: FitOptions, as_json: bool) -> int:
    """Prints the verdicts; returns the exit code."""
    file = inspect(model)
    places = list(_places(options))
    config = _config(file, options)
    found = estimate(file, config, room_here().mib or 0.0, may_run=options.may_run)
    fits = [(place, _fit(place, found, config)) for place in places]
    if as_json:
        click.echo(_json(file, config, found, fits))
    else:
        click.echo(text_of(_view(file, config, found), [(place.kind, place.room, fit) for place, fit in fits]))
    return 1 if options.devices and any(fit.outcome == "does not fit" for _, fit in fits) else 0


def _config(file: ModelFile, options: FitOptions) -> RunConfig:
    """Raises UsageError for options that this kind of model does not take."""
    runtime = options.runtime or _runtime(file)
    if file.format not in VARIANTS[runtime].formats:
        raise UsageError("wrong_runtime", f"{runtime} does not run {file.format} models. Leave --runtime out.")
    config = RunConfig(
        runtime=runtime, threads=options.threads, shapes=parse_shapes(options.shapes), dims=parse_dims(options.dims)
    )
    check_inputs(file, config)
    if options.context is None:
        return config
    longest = min(options.context, config.prompt_tokens)
    return replace(
        config,
        prompt_tokens=longest,
        decode_tokens=min(options.context, config.decode_tokens),
        depth_tokens=options.context - longest,
    )


def _runtime(file: ModelFile) -> str:
    """The one that would run it here; where none is installed, the first of its format."""
    try:
        return registry.default_variant(file.format, registry.facts())
    except MissingPartError:
        return FIRST_RUNTIME[file.format]


def _places(options: FitOptions) -> Iterator[Place]:
    """Raises UsageError for a name that is neither a profile nor this machine."""
    limit = None if options.memory_limit_mib is None else room.limited(options.memory_limit_mib)
    if not options.devices or set(options.devices) & set(_HERE):
        yield Place(_HERE[0], target_here(), limit or room_here())
    names = [name for name in options.devices if name not in _HERE]
    if names or not options.devices:
        found = _boards(names, options)
        yield from (Place(kind, target, limit or own) for kind, target, own in found)


def _boards(names: Sequence[str], options: FitOptions) -> Iterator[Place]:
    """Boards by their profiles; what is no profile is a device of the hub."""
    from edgeprof_devices.fitting import room_of, target_of
    from edgeprof_devices.loader import load_profiles

    try:
        profiles = load_profiles()
    except MissingPartError as error:
        if names:
            raise
        click.echo(f"{error.message}. Boards are left out.", err=True)
        return
    others = [name for name in names if not any(each.is_named(name) for each in profiles.values())]
    if others:
        yield from _of_the_hub(others, options)
        names = [name for name in names if name not in others]
        if not names:
            return
    wanted = [each for each in profiles.values() if not names or any(each.is_named(name) for name in names)]
    for profile in sorted(wanted, key=lambda each: (room_of(each).mib is None, room_of(each).mib or 0.0)):
        yield Place(profile.id, target_of(profile), room_of(profile))


def _of_the_hub(names: Sequence[str], options: FitOptions) -> Iterator[Place]:
    """Devices by the facts that their agents reported. Raises UsageError."""
    from edgeprof.client import resolve
    from edgeprof.commands.hub_options import client_of

    try:
        known = client_of(options.hub_url, options.token_file).devices()
    except EdgeprofError as error:
        raise UsageError(
            "unknown_device", f"{names[0]!r} is not a device profile, and {options.hub_url} lists no devices: {error}"
        ) from error
    for record in resolve.devices(known, tuple(names), False):
        if record.facts is None:
            raise UsageError("no_facts", f"{record.label} has not reported its facts to the hub yet. Start its agent.")
        yield Place(record.label, target_of_facts(record.facts, record.label), room_of_facts(record.facts))


def _fit(place: Place, found: Estimated, config: RunConfig) -> Fit:
    reasons = reasons_of(found.facts, config.runtime, place.target, found.context_tokens)
    return judge(found.estimate, place.room, reasons, found.unknown)


def _view(file: ModelFile, config: RunConfig, found: Estimated) -> FitView:
    return FitView(
        model=file.manifest.entry,
        runtime=config.runtime,
        context_tokens=found.context_tokens,
        method=found.estimate.method if found.estimate else None,
        note=found.note,
        unknown=found.unknown,
    )


def _json(file: ModelFile, config: RunConfig, found: Estimated, fits: Sequence[tuple[Place, Fit]]) -> str:
    document = {
        "model": file.manifest.entry,
        "runtime": config.runtime,
        "context_tokens": found.context_tokens or None,
        "method": found.estimate.method if found.estimate else None,
        "note": found.note,
        "devices": [
            {"device": place.kind, "title": place.target.name, "room": place.room.source, **msgspec.to_builtins(fit)}
            for place, fit in fits
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document)).decode()
