"""The command-line options of what measures here (`profile`, `calibrate`); profile_request.py parses them."""

from collections.abc import Callable
from typing import TypeVar, get_args

import click

from edgeprof.commands.options import FilePath, FiniteRange
from edgeprof.commands.run_options import run_options
from edgeprof.wire.run_config import RunConfig
from edgeprof.wire.run_protocol import RunProtocol
from edgeprof_agent.sandbox_mode import Mode
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

F = TypeVar("F", bound=Callable[..., object])

_HOST = (
    click.option(
        "--replay",
        type=FilePath(),
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
        help="Address of a served model: an OpenAI-compatible API, such as https://api.openai.com/v1.",
    ),
    click.option(
        "--endpoint-key-env", metavar="NAME", help="The variable that holds the endpoint's key. It is never stored."
    ),
    click.option("--memory-limit-mib", type=FiniteRange(16), metavar="NUMBER", help="Kill the worker above this."),
    click.option(
        "--sandbox",
        type=click.Choice(get_args(Mode)),
        default="off",
        show_default=True,
        help="Run the model in a sandbox: auto takes what this machine has, strict runs nothing without a full one.",
    ),
)


def measuring_options(command: F) -> F:
    """Adds those of a run, then those of this host; the command takes them as `**options` for `parse_options`."""
    for option in reversed(_HOST):
        command = option(command)
    return run_options("profile", (RunConfig, RunProtocol), {"runtime": tuple(VARIANTS)})(command)
