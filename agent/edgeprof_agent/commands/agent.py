"""`edgeprof agent run`: the settings, the log, the signals, and the machine that the daemon measures on."""

import logging
import os
import signal
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast, get_args

import click

from edgeprof import log_lines
from edgeprof.sd_notify import Notifier
from edgeprof.wire.messages import Facts, Result, Vitals
from edgeprof_agent import config
from edgeprof_agent.config import AgentSettings
from edgeprof_agent.daemon.agent import Agent, Machine
from edgeprof_agent.daemon.failed import Identity
from edgeprof_agent.daemon.jobs import Started
from edgeprof_agent.daemon.runner import Evaluate, Measure
from edgeprof_agent.sandbox_mode import Mode
from edgeprof_agent.worker_protocol.progress import OnProgress

if TYPE_CHECKING:
    from edgeprof_agent.measuring.request import MeasureRequest
    from edgeprof_agent.recorded.player import Player

MORE = {
    "install": "edgeprof_agent.commands.install:install",
    "upgrade": "edgeprof_agent.commands.install:upgrade",
    "join": "edgeprof_agent.commands.join:join",
    "doctor": "edgeprof_agent.commands.doctor:doctor",
    "meters": "edgeprof_agent.commands.meters:meters",
    "calibrate-power": "edgeprof_agent.commands.calibrate_power:calibrate_power",
    "outbox": "edgeprof_agent.commands.outbox:outbox",
    "phones": "edgeprof_agent.commands.phones:phones",
    "record": "edgeprof_agent.commands.record:record",
}
"""Commands beside `run`, imported when they are asked for: the daemon's process carries none of them."""


class _Group(click.Group):
    """`run`, and those of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *MORE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in MORE:
            return super().get_command(ctx, cmd_name)
        module, _, name = MORE[cmd_name].partition(":")
        return cast(click.Command, getattr(import_module(module), name))


@click.group(cls=_Group)
def agent() -> None:
    """Run the agent on a device."""


@agent.command()
@click.option("--hub", help="The hub's URL, such as http://192.168.1.10:8765.")
@click.option("--token-file", help="File with the hub's token. Default: the variable EDGEPROF_TOKEN.")
@click.option("--name", help="Name of this device. Default: the host's name.")
@click.option("--data", help="Folder for this agent's state and models.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file with these settings.")
@click.option("--emulate", metavar="PROFILE", help="Play this device profile. Latency is shown but never ranked.")
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Read a recorded machine instead of this one. Results are marked as replayed and never ranked.",
)
@click.option(
    "--endpoint",
    metavar="URL",
    help=(
        "Act as an OpenAI-compatible endpoint such as https://api.openai.com/v1: a device of kind cloud. This host "
        "only sends its requests."
    ),
)
@click.option(
    "--endpoint-key-env",
    metavar="NAME",
    help="Name of the variable that holds the endpoint's key. The key is never stored.",
)
@click.option(
    "--phone-runner",
    multiple=True,
    metavar="RUNNER=PATH",
    help=(
        "Drive the Android phones at this host's adb instead of measuring here, with a benchmark_model or llama-bench "
        "built for Android: the program, or its folder."
    ),
)
@click.option("--memory-limit-mib", type=float, help="Memory limit of a model.")
@click.option("--meter", multiple=True, metavar="KIND:TOPIC@HOST", help="Power meter of this device on an MQTT broker.")
@click.option("--cores", metavar="N|LIST", help="Cores for a model: how many (2), or which (0,2 or 4-7).")
@click.option("--sandbox", type=click.Choice(get_args(Mode)), help="Sandbox around a model (auto).")
def run(config_file: Path | None, **options: object) -> None:
    """Connect to a hub and run its jobs until Ctrl-C or SIGTERM."""
    log_lines.configure(logging.INFO)
    settings = config.load(options, os.environ, config_file)
    if settings.phone_runners:
        _serve(_phones(settings))
        return
    with _played(settings) as player:
        _serve(Agent(settings, this_machine(settings, player)))


def _played(settings: AgentSettings) -> "AbstractContextManager[Player | None]":
    """The recorded machine while it plays; nothing where none is asked."""
    if settings.replay is None:
        return nullcontext()
    from edgeprof_agent.recorded.player import Player

    return Player(settings.replay)


class _Daemon(Protocol):
    """One agent, or those of all phones."""

    def run(self, notifier: Notifier) -> None: ...

    def stop(self) -> None: ...


def _phones(settings: AgentSettings) -> _Daemon:
    """Imported here: only an agent of phones holds adbutils."""
    try:
        from edgeprof_agent.phones.bridge import Bridge
        from edgeprof_agent.phones.fleet import Fleet
        from edgeprof_agent.phones.runners import table
    except ImportError as error:
        from edgeprof_agent.commands.phones import missing

        raise missing() from error
    return Fleet(Bridge(), settings, table.parse(settings.phone_runners))


def _serve(daemon: _Daemon) -> None:
    """Until a signal."""

    def stop(_number: int, _frame: object) -> None:
        daemon.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    daemon.run(Notifier(os.environ))


def this_machine(settings: AgentSettings, player: "Player | None" = None) -> Machine:
    """Imported here: `--help` needs none of it."""
    root = player.root if player else Path("/")
    from edgeprof_agent import machine
    from edgeprof_agent.layers_here import layers_here
    from edgeprof_agent.runtimes import registry as runtimes
    from edgeprof_agent.sensors import registry as sensors
    from edgeprof_agent.telemetry import state
    from edgeprof_agent.telemetry.vitals import read_vitals

    def facts(identity: Identity) -> Facts:
        return machine.read_facts(
            device_id=identity.device_id,
            session_id=identity.session_id,
            runtimes=runtimes.facts_for_hub(endpoint=settings.endpoint is not None),
            sensors=sensors.probe(root) if settings.endpoint is None else (),
            isolation=layers_here(settings.sandbox),
            emulates=settings.emulate,
            memory_limit_mib=settings.memory_limit_mib,
            replays=player.name if player else None,
            endpoint=settings.endpoint.url if settings.endpoint else None,
            root=root,
        )

    def vitals(folder: Path) -> Vitals:
        return read_vitals(folder, root)

    def request_of(identity: Identity, begun: Started, folder: Path) -> "MeasureRequest":
        from edgeprof_agent.measuring.request import MeasureRequest

        job = begun.job
        return MeasureRequest(
            result_id=begun.result_id,
            job_id=job.job_id,
            attempt=job.attempt,
            device_id=identity.device_id,
            model=job.model,
            model_dir=folder,
            config=job.config,
            protocol=job.protocol,
            emulated=identity.emulated,
            memory_limit_mib=settings.memory_limit_mib,
            cores=settings.cores,
            sandbox=settings.sandbox,
            devices=settings.devices,
            meters=settings.meters,
            replays=player.name if player else None,
            endpoint=settings.endpoint,
        )

    def measure_for(identity: Identity) -> Measure:
        def measure_one(
            begun: Started, folder: Path, on_progress: OnProgress, cancelled: threading.Event
        ) -> tuple[Result, Mapping[str, bytes]]:
            from edgeprof_agent.measuring.measure import measure  # an agent that waits for work carries none of it

            request = request_of(identity, begun, folder)
            if player is None:
                return measure(request, on_progress, cancelled)
            return measure(request, player.watching(on_progress), cancelled, root=root)

        return measure_one

    def evaluate_for(identity: Identity) -> Evaluate:
        def evaluate_one(
            begun: Started,
            folder: Path,
            set_folder: Path,
            journal: Path,
            on_progress: OnProgress,
            cancelled: threading.Event,
        ) -> tuple[Result, Mapping[str, bytes]]:
            from edgeprof_agent.evaluating.evaluate import evaluate

            return evaluate(request_of(identity, begun, folder), set_folder, journal, on_progress, cancelled)

        return evaluate_one

    return Machine(measure=measure_for, evaluate=evaluate_for, facts=facts, now=state.stamp, vitals=vitals)
