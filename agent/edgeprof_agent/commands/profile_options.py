"""The command-line options of what measures here (`profile`, `calibrate`); what they come to is in profile_asked.py."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from edgeprof.commands.measuring_options import common_options
from edgeprof.commands.options import FiniteRange
from edgeprof.wire.messages import RunProtocol
from edgeprof.wire.run_request import MAX_THREADS
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

_PROTOCOL = RunProtocol()

F = TypeVar("F", bound=Callable[..., object])

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
    common_options,
    click.option(
        "--replay",
        type=click.Path(path_type=Path),
        metavar="FOLDER",
        help="Read a recorded machine instead of this one; the result is marked as replayed and never ranked.",
    ),
    click.option(
        "--meter",
        "meters",
        multiple=True,
        metavar="KIND:TOPIC@HOST",
        help="A power meter of this device on an MQTT broker (tasmota, shelly, zigbee2mqtt); may be repeated.",
    ),
    click.option(
        "--endpoint",
        metavar="URL",
        help="Where served models are asked: an OpenAI-compatible API, such as https://api.openai.com/v1.",
    ),
    click.option(
        "--endpoint-key-env", metavar="NAME", help="The variable that holds the endpoint's key. It is never stored."
    ),
    click.option(
        "--heat-wait-s", type=FiniteRange(0, 86_400), help=f"For at most so long. Default: {_PROTOCOL.heat_wait_s:g}."
    ),
    click.option(
        "--window-s",
        type=FiniteRange(0.01, 3600),
        default=_PROTOCOL.window_s,
        show_default=True,
        help="The window lasts at least so long.",
    ),
    click.option(
        "--window-limit-s",
        type=FiniteRange(0.01, 86_400),
        help=f"How far precision may extend the window. Default: {_PROTOCOL.window_limit_s:g}, or --window-s.",
    ),
    click.option(
        "--warmup",
        type=click.IntRange(0, 100_000),
        default=_PROTOCOL.warmup_runs,
        show_default=True,
        help="Runs of warm-up, at least; it goes on until the speed is steady.",
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
        default=_PROTOCOL.deadline_s,
        show_default=True,
        help="Kill a measurement that takes longer. Sweep, requests at a rate and soak have time of their own.",
    ),
    click.option("--memory-limit-mib", type=FiniteRange(16), help="Kill the worker above this."),
)


def measuring_options(command: F) -> F:
    """Adds all of them; the command takes them as `**options` and hands them to `asked`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
