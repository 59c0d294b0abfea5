"""What the options of profile_options.py come to: a configuration, a protocol, and the axes along which runs differ."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec

from edgeprof.commands.options import parse_shapes, sweep_points
from edgeprof.errors import UsageError
from edgeprof.modelfiles import ModelFile
from edgeprof.protocols import token_points
from edgeprof.wire.formats import is_language
from edgeprof.wire.messages import RunConfig, RunProtocol
from edgeprof_agent.endpoint import endpoint_of
from edgeprof_agent.meters.setting import distinct, parse_meter
from edgeprof_agent.series.host import Host
from edgeprof_agent.series.setups import Axes

_PROTOCOL = RunProtocol()

V = TypeVar("V", str, int)


class _Given(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What click hands over, by option."""

    runtimes: tuple[str, ...]
    threads: tuple[int, ...]
    providers: tuple[str, ...]
    require_full_delegation: bool
    shapes: tuple[str, ...]
    window_s: float
    window_limit_s: float | None
    precision: float
    warmup: int
    warmup_limit_s: float
    no_cold_start: bool
    deadline_s: float
    prompt_tokens: int
    decode_tokens: int
    depth_tokens: int
    sweeps: tuple[str, ...]
    sweep_dims: tuple[str, ...]
    sweep_prompt_tokens: tuple[int, ...]
    sweep_depth: tuple[int, ...]
    rate: float | None
    soak: float | None
    energy: bool
    energy_limit_s: float
    start_below_c: float | None
    heat_wait_s: float | None
    memory_limit_mib: float | None
    meters: tuple[str, ...]
    replay: Path | None
    endpoint: str | None
    endpoint_key_env: str | None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What every run of the command has in common, and the axes along which runs differ."""

    axes: Axes
    config: RunConfig
    protocol: RunProtocol
    """Without the sweep of input shapes, which takes a model to be told."""
    sweeps: tuple[str, ...]
    sweep_dims: tuple[str, ...]
    host: Host

    def protocol_of(self, file: ModelFile) -> RunProtocol:
        """The protocol for one model. Raises UsageError for a sweep that is not one of its kind."""
        if self.protocol.sweep and not is_language(file.format):
            raise UsageError("bad_sweep", f"{file.manifest.entry} is no language model; sweep its shapes with --sweep.")
        points = sweep_points(file, self.sweeps, self.sweep_dims, self.config.shapes)
        return replace(self.protocol, sweep=(*points, *self.protocol.sweep))


def asked(options: Mapping[str, object]) -> Asked:
    """Raises UsageError where options contradict each other."""
    given = msgspec.convert(options, _Given)
    config = RunConfig(
        runtime="",
        shapes=parse_shapes(given.shapes),
        prompt_tokens=given.prompt_tokens,
        decode_tokens=given.decode_tokens,
        depth_tokens=given.depth_tokens,
        arrival_rate_per_s=given.rate or 0.0,
        require_full_delegation=given.require_full_delegation,
    )
    axes = Axes(
        runtimes=_once(given.runtimes),
        threads=_once(given.threads),
        providers=_once(given.providers),
    )
    return Asked(
        axes=axes,
        config=config,
        protocol=_protocol(given),
        sweeps=given.sweeps,
        sweep_dims=given.sweep_dims,
        host=_host(given),
    )


def _host(given: _Given) -> Host:
    if given.replay is not None and given.meters:
        raise UsageError("bad_usage", "--meter measures this machine, and --replay plays another one: leave one out.")
    return Host(
        memory_limit_mib=given.memory_limit_mib,
        meters=distinct(parse_meter(text) for text in given.meters),
        replay=given.replay,
        endpoint=endpoint_of(given.endpoint, given.endpoint_key_env, os.environ),
    )


def _protocol(given: _Given) -> RunProtocol:
    if given.start_below_c is None and given.heat_wait_s is not None:
        raise UsageError("bad_usage", "--heat-wait-s says how long to wait for --start-below-c, which is not given.")
    return RunProtocol(
        warmup_runs=given.warmup,
        warmup_limit_s=given.warmup_limit_s,
        window_s=given.window_s,
        window_limit_s=_window_limit_s(given),
        precision=given.precision,
        deadline_s=given.deadline_s,
        cold_start=not given.no_cold_start,
        sweep=token_points(given.sweep_prompt_tokens, given.sweep_depth),
        soak_s=given.soak or 0.0,
        energy=given.energy,
        energy_limit_s=given.energy_limit_s,
        start_below_c=given.start_below_c,
        heat_wait_s=_PROTOCOL.heat_wait_s if given.heat_wait_s is None else given.heat_wait_s,
    )


def _window_limit_s(given: _Given) -> float:
    if given.window_limit_s is None:
        return max(_PROTOCOL.window_limit_s, given.window_s)
    if given.window_limit_s < given.window_s:
        raise UsageError(
            "bad_usage", f"--window-limit-s {given.window_limit_s:g} is below --window-s {given.window_s:g}."
        )
    return given.window_limit_s


def _once(values: tuple[V, ...]) -> tuple[V, ...]:
    return tuple(dict.fromkeys(values))
