"""The options of whatever measures (`profile`, `calibrate`), and the configuration and protocol that they come to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import click
import msgspec

from edgeprof.errors import UsageError
from edgeprof.modelfiles import ModelFile
from edgeprof.options import FiniteRange, parse_shapes, sweep_options, sweep_points
from edgeprof.wire.evidence import SweepAt
from edgeprof.wire.messages import MAX_THREADS, RunConfig, RunProtocol
from edgeprof_agent.runtimes.table import VARIANTS
from edgeprof_agent.series.setups import Axes

MOST_TOKENS = 131_072
MOST_POINTS = 64
_SHORTEST_SOAK_S = 10.0
"""Burst is the first 5 s of a soak; it must have an end of its own."""
_SAMPLING_SHARE = 0.8
"""The share of the deadline in which a run takes samples (measuring/courses.py)."""

_PROTOCOL = RunProtocol()
_CONFIG = RunConfig(runtime="")

F = TypeVar("F", bound=Callable[..., object])
V = TypeVar("V", str, int)


def _numbers(least: int, most: int) -> Callable[[click.Context, click.Parameter, str | None], tuple[int, ...] | None]:
    """Reads `128,512,2048`: whole numbers that increase, with commas between."""

    def read(_context: click.Context, _parameter: click.Parameter, text: str | None) -> tuple[int, ...] | None:
        if text is None:
            return None
        try:
            found = tuple(int(part) for part in text.split(","))
        except ValueError:
            raise click.BadParameter(f"{text!r} is no list of whole numbers. Write it as 128,512,2048.") from None
        if min(found) < least or max(found) > most:
            raise click.BadParameter(f"{text!r} leaves the range {least} to {most}.")
        if list(found) != sorted(set(found)):
            raise click.BadParameter(f"{text!r} does not increase from number to number.")
        if len(found) > MOST_POINTS:
            raise click.BadParameter(f"{len(found)} points are more than {MOST_POINTS}.")
        return found

    return read


def _tokens(least: int) -> click.IntRange:
    return click.IntRange(least, MOST_TOKENS)


_OPTIONS = (
    click.option(
        "--runtime",
        "runtimes",
        type=click.Choice(list(VARIANTS)),
        multiple=True,
        help="May be repeated. Default: the first installed one for the format.",
    ),
    click.option(
        "--threads",
        type=click.IntRange(0, MAX_THREADS),
        multiple=True,
        default=(0,),
        help="May be repeated. 0, the default: every core that may be used.",
    ),
    click.option(
        "--provider",
        "providers",
        multiple=True,
        default=("cpu",),
        help="ONNX Runtime's execution provider; may be repeated. Default: cpu.",
    ),
    click.option("--require-full-delegation", is_flag=True, help="A node that runs elsewhere than asked is a failure."),
    click.option(
        "--input-shape", "shapes", metavar="NAME=1,3,224,224", multiple=True, help="Sizes of a dynamic input."
    ),
    click.option("--window-s", type=FiniteRange(0.01, 3600), default=_PROTOCOL.window_s, show_default=True),
    click.option(
        "--window-limit-s",
        type=FiniteRange(0.01, 86_400),
        help=f"How far precision may extend the window. Default: {_PROTOCOL.window_limit_s:g}, or --window-s.",
    ),
    click.option(
        "--precision",
        type=FiniteRange(0.0001, 0.5),
        default=_PROTOCOL.precision,
        show_default=True,
        help="The window ends when the median is known to ± this share.",
    ),
    click.option(
        "--warmup", type=click.IntRange(0, 100_000), default=_PROTOCOL.warmup_runs, show_default=True, help="At least."
    ),
    click.option(
        "--warmup-limit-s",
        type=FiniteRange(0, 3600),
        default=_PROTOCOL.warmup_limit_s,
        show_default=True,
        help="Warm-up ends here even if the speed is not steady.",
    ),
    click.option(
        "--no-cold-start", is_flag=True, help="Leave out the start with the files dropped from the page cache."
    ),
    click.option(
        "--deadline-s",
        type=FiniteRange(1, 86_400),
        help=f"Kill a run that takes longer. Default: {_PROTOCOL.deadline_s:g}, and more for a soak.",
    ),
    click.option("--prompt-tokens", type=_tokens(1), default=_CONFIG.prompt_tokens, show_default=True),
    click.option("--decode-tokens", type=_tokens(1), default=_CONFIG.decode_tokens, show_default=True),
    click.option(
        "--depth-tokens",
        type=_tokens(0),
        default=_CONFIG.depth_tokens,
        show_default=True,
        help="Tokens that a language model holds already when generation is timed.",
    ),
    sweep_options,
    click.option(
        "--sweep-prompt-tokens", callback=_numbers(1, MOST_TOKENS), metavar="128,512", help="Prompts to try, too."
    ),
    click.option("--sweep-depth", callback=_numbers(0, MOST_TOKENS), metavar="0,512,2048", help="Depths to try, too."),
    click.option(
        "--rate",
        type=FiniteRange(0, 100_000, min_open=True),
        metavar="PER_S",
        help="Then send requests at this rate, whether or not the last one is done.",
    ),
    click.option(
        "--soak", type=FiniteRange(_SHORTEST_SOAK_S, 80_000), metavar="SECONDS", help="Then load it for so long."
    ),
    click.option("--start-below-c", type=FiniteRange(-40, 120), metavar="°C", help="Wait until the device is cooler."),
    click.option(
        "--heat-wait-s", type=FiniteRange(0, 86_400), help=f"For at most so long. Default: {_PROTOCOL.heat_wait_s:g}."
    ),
    click.option("--memory-limit-mib", type=FiniteRange(16), help="Kill the worker above this."),
)


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
    deadline_s: float | None
    prompt_tokens: int
    decode_tokens: int
    depth_tokens: int
    sweeps: tuple[str, ...]
    sweep_dims: tuple[str, ...]
    sweep_prompt_tokens: tuple[int, ...] | None
    sweep_depth: tuple[int, ...] | None
    rate: float | None
    soak: float | None
    start_below_c: float | None
    heat_wait_s: float | None
    memory_limit_mib: float | None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What every run of the command has in common, and the axes along which runs differ."""

    axes: Axes
    config: RunConfig
    protocol: RunProtocol
    """Without the sweep of input shapes, which takes a model to be told."""
    sweeps: tuple[str, ...]
    sweep_dims: tuple[str, ...]
    memory_limit_mib: float | None

    def protocol_of(self, file: ModelFile) -> RunProtocol:
        """The protocol for one model. Raises UsageError for a sweep that is not one of its kind."""
        if self.protocol.sweep and file.format != "gguf":
            raise UsageError("bad_sweep", f"{file.manifest.entry} is no language model; sweep its shapes with --sweep.")
        points = sweep_points(file, self.sweeps, self.sweep_dims, self.config.shapes)
        return replace(self.protocol, sweep=(*points, *self.protocol.sweep))


def measuring_options(command: F) -> F:
    """Adds all of them; the command takes them as `**options` and hands them to `asked`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


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
        memory_limit_mib=given.memory_limit_mib,
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
        deadline_s=_deadline_s(given),
        cold_start=not given.no_cold_start,
        sweep=_sweep(given),
        soak_s=given.soak or 0.0,
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


def _deadline_s(given: _Given) -> float:
    soak_s = (given.soak or 0.0) / _SAMPLING_SHARE
    if given.deadline_s is None:
        return _PROTOCOL.deadline_s + soak_s
    if soak_s >= given.deadline_s:
        raise UsageError(
            "bad_usage",
            f"A soak of {given.soak:g} s does not fit into --deadline-s {given.deadline_s:g}, of which "
            f"{_SAMPLING_SHARE:.0%} is for samples. Give at least {soak_s + _PROTOCOL.window_limit_s:.0f}.",
        )
    return given.deadline_s


def _sweep(given: _Given) -> tuple[SweepAt, ...]:
    """Each axis on its own; what a point does not name is as in the run."""
    prompts = tuple(SweepAt(prompt_tokens=tokens) for tokens in given.sweep_prompt_tokens or ())
    depths = tuple(SweepAt(depth_tokens=tokens) for tokens in given.sweep_depth or ())
    return (*prompts, *depths)


def _once(values: tuple[V, ...]) -> tuple[V, ...]:
    return tuple(dict.fromkeys(values))
