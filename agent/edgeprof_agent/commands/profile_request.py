"""What the options of profile_options.py come to: the run that all have in common, and the axes that differ."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec

from edgeprof.commands.options import check_inputs, check_signature, sweep_points
from edgeprof.commands.run_options import Sweeps, sweeps_of, values_of
from edgeprof.errors import UsageError
from edgeprof.modelfiles import ModelFile
from edgeprof.wire.formats import is_language
from edgeprof.wire.run_request import RunConfig, RunProtocol, RunRequest
from edgeprof_agent.endpoint import endpoint_of
from edgeprof_agent.meters.setting import distinct, parse_meter
from edgeprof_agent.sandbox_mode import Mode
from edgeprof_agent.series.host import Host
from edgeprof_agent.series.setups import Axes

V = TypeVar("V", str, int)


class _AxisOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options that may be repeated: each value is a set-up of its own."""

    runtime: tuple[str, ...]
    threads: tuple[int, ...]
    provider: tuple[str, ...]


AXES = _AxisOptions.__struct_fields__


class _HostOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What the options of the host gave."""

    memory_limit_mib: float | None
    sandbox: Mode
    meters: tuple[str, ...]
    replay: Path | None
    endpoint: str | None
    endpoint_key_env: str | None


@dataclass(frozen=True, kw_only=True)
class ProfileRequest:
    """What every run of the command has in common, and the axes along which runs differ."""

    axes: Axes
    run: RunRequest
    """Its protocol is without the points over input shapes: they take a model file to resolve."""
    sweeps: Sweeps
    host: Host

    def run_of(self, file: ModelFile) -> RunRequest:
        """The run for one model. Raises UsageError for a sweep that is not one of its kind."""
        protocol = self.run.protocol
        if protocol.sweep and not is_language(file.format):
            raise UsageError(
                "bad_sweep", f"{file.manifest.entry} is not a language model; sweep its shapes with --sweep."
            )
        config = self.run.config
        check_inputs(file, config)
        check_signature(file, config.signature)
        points = sweep_points(
            file, self.sweeps.sweeps, self.sweeps.sweep_dims, config.shapes, config.signature, config.dims
        )
        return replace(self.run, protocol=replace(protocol, sweep=(*points, *protocol.sweep)))


def parse_options(options: Mapping[str, object]) -> ProfileRequest:
    """Raises UsageError where options contradict each other."""
    axes = msgspec.convert(options, _AxisOptions)
    common = {name: value for name, value in values_of(RunConfig, options).items() if name not in AXES}
    config = msgspec.convert({"runtime": "", **common}, RunConfig)
    sweeps = sweeps_of(options)
    host = _host(msgspec.convert(options, _HostOptions))
    wants_energy = bool(host.meters) or host.replay is not None  # it takes 90 s or more, unless --energy asks for it
    protocol = {"energy": wants_energy, **values_of(RunProtocol, options), "sweep": sweeps.token_points}
    return ProfileRequest(
        axes=Axes(runtimes=_once(axes.runtime), threads=_once(axes.threads), providers=_once(axes.provider)),
        run=RunRequest(config=config, protocol=_protocol(protocol)),
        sweeps=sweeps,
        host=host,
    )


def _host(options: _HostOptions) -> Host:
    if options.replay is not None and options.meters:
        raise UsageError("bad_usage", "--meter measures this machine, and --replay plays another one: leave one out.")
    return Host(
        memory_limit_mib=options.memory_limit_mib,
        sandbox=options.sandbox,
        meters=distinct(parse_meter(text) for text in options.meters),
        replay=options.replay,
        endpoint=endpoint_of(options.endpoint, options.endpoint_key_env, os.environ),
    )


def _protocol(values: dict[str, object]) -> RunProtocol:
    """Options that depend on each other: not given is not the same as given at its default."""
    protocol = msgspec.convert(values, RunProtocol)
    if protocol.start_below_c is None and "heat_wait_s" in values:
        raise UsageError("bad_usage", "--heat-wait-s limits the wait for --start-below-c, which is not given.")
    if "window_limit_s" not in values:
        return replace(protocol, window_limit_s=max(protocol.window_limit_s, protocol.window_s))
    if protocol.window_limit_s < protocol.window_s:
        raise UsageError(
            "bad_usage", f"--window-limit-s {protocol.window_limit_s:g} is below --window-s {protocol.window_s:g}."
        )
    return protocol


def _once(values: tuple[V, ...]) -> tuple[V, ...]:
    return tuple(dict.fromkeys(values))
