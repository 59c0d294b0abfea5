"""The options of `edgeprof flash` that say how to measure, and the campaign that they come to."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from edgeprof.commands.measuring_options import common_options
from edgeprof.commands.options import parse_shapes, spelled_points, sweep_points
from edgeprof.errors import UsageError
from edgeprof.modelfiles import inspect
from edgeprof.protocols import token_points
from edgeprof.wire import rest
from edgeprof.wire.evidence import SweepAt
from edgeprof.wire.messages import RunProtocol
from edgeprof.wire.run_request import MAX_THREADS

MAX_REPEATS = 1000

F = TypeVar("F", bound=Callable[..., object])


_OPTIONS = (
    click.option("--runtime", default="", help="Runtime variant (default: the device's first for the format)."),
    click.option(
        "--threads",
        type=click.IntRange(0, MAX_THREADS),
        default=0,
        show_default=True,
        help="Threads; 0 is every core that the agent may use.",
    ),
    click.option("--provider", default="cpu", show_default=True, help="ONNX Runtime's execution provider."),
    click.option(
        "--repeats",
        type=click.IntRange(1, MAX_REPEATS),
        default=1,
        show_default=True,
        help="Results for each cell, in an order drawn anew for each round over a device's cells.",
    ),
    common_options,
)


class _Given(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What click hands over, by option."""

    runtime: str
    threads: int
    provider: str
    require_full_delegation: bool
    shapes: tuple[str, ...]
    repeats: int
    precision: float
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


def measuring_options(command: F) -> F:
    """Adds all of them; the command takes them as `**options` and hands them to `asked`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def asked(options: Mapping[str, object], models: Sequence[str]) -> rest.CampaignRequest:
    """The campaign without its models and devices. `models` as typed: a swept dimension is looked up in the file.

    Raises UsageError for a text that is no shape, and for a dimension that cannot be looked up.
    """
    given = msgspec.convert(options, _Given)
    return rest.CampaignRequest(
        model_ids=(),
        device_ids=(),
        runtime=given.runtime,
        threads=given.threads,
        provider=given.provider,
        shapes=parse_shapes(given.shapes),
        prompt_tokens=given.prompt_tokens,
        decode_tokens=given.decode_tokens,
        protocol=_protocol(given, models),
        repeats=given.repeats,
        depth_tokens=given.depth_tokens,
        arrival_rate_per_s=given.rate or 0.0,
        require_full_delegation=given.require_full_delegation,
    )


def _protocol(given: _Given, models: Sequence[str]) -> RunProtocol:
    return RunProtocol(
        precision=given.precision,
        sweep=(*_shapes(given, models), *token_points(given.sweep_prompt_tokens, given.sweep_depth)),
        soak_s=given.soak or 0.0,
        energy=given.energy,
        energy_limit_s=given.energy_limit_s,
        start_below_c=given.start_below_c,
    )


def _shapes(given: _Given, models: Sequence[str]) -> tuple[SweepAt, ...]:
    """Points over input shapes: checked against the model's file where there is one here, and only one."""
    if len(models) == 1 and Path(models[0]).exists():
        return sweep_points(inspect(Path(models[0])), given.sweeps, given.sweep_dims, parse_shapes(given.shapes))
    if given.sweep_dims:
        raise UsageError(
            "bad_sweep", "--sweep-dim looks its dimension up in one model's file. Spell the points out with --sweep."
        )
    return tuple(SweepAt(shapes=shapes) for shapes in spelled_points(given.sweeps))
