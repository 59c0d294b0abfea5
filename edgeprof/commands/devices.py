"""`edgeprof devices`: the hub's devices, and why a machine got its profile."""

import json
import time
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from edgeprof import tables
from edgeprof.client import resolve
from edgeprof.client.http_client import HubClient
from edgeprof.commands import complete
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof.tables import fleet as fleet_table
from edgeprof.tables import fleet_words
from edgeprof.tables.fleet import FleetFormat
from edgeprof.wire import fleet
from edgeprof.wire.messages import Facts

if TYPE_CHECKING:
    from edgeprof_devices.explaining import Explanation

POLL_S = 2.0
FORMATS = ("text", "md", "csv", "json")
_NEW_PROFILE = "Board missing? Add it to device_profiles/edgeprof_devices/profiles/; see docs/supported-devices.md."


@click.group(invoke_without_command=True)
@hub_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--state", type=click.Choice(fleet.STATES), help="Only devices in this state, with the columns of the fleet."
)
@click.option("--search", default="", metavar="WORDS", help="Words in name, host, id, board, version or tags.")
@click.option("--sort", type=click.Choice(fleet.SORTS), help="Order of the devices.")
@click.option("--format", "-o", "form", type=click.Choice(FORMATS), help="Columns of the hub's Fleet page.")
@click.pass_context
def devices(
    context: click.Context,
    hub_url: str,
    token_file: str | None,
    as_json: bool,
    state: fleet.FleetState | None,
    search: str,
    sort: fleet.FleetSort | None,
    form: FleetFormat | None,
) -> None:
    """List the hub's devices. --state, --search, --sort and --format show the state of each.

    `edgeprof devices match` explains a device's profile.
    """
    if context.invoked_subcommand is not None:
        return
    client = client_of(hub_url, token_file)
    if state or search or sort or form:
        query = fleet.FleetQuery(state=state or "all", search=search, sort=sort or "name")
        click.echo(fleet_table.render(_whole(client, query), "json" if as_json else form or "text"))
        return
    records = client.devices()
    click.echo(tables.devices_json(records) if as_json else tables.devices_text(records))


def _whole(client: HubClient, query: fleet.FleetQuery) -> fleet.FleetPage:
    """Every page of it in one."""
    page = client.fleet(query)
    entries = list(page.entries)
    while len(entries) < page.total and (more := client.fleet(query, offset=len(entries)).entries):
        entries += more
    return replace(page, entries=tuple(entries))


@devices.command()
@click.argument("names", metavar="DEVICE...", nargs=-1, required=True, shell_complete=complete.device)
@hub_options
def retire(names: tuple[str, ...], hub_url: str, token_file: str | None) -> None:
    """Hide devices from pages and new jobs. Their results stay."""
    client = client_of(hub_url, token_file)
    for device in resolve.devices(client.devices(), names, False):
        client.retire_device(device.device_id)
        click.echo(f"Retired {device.label}. Bring it back: edgeprof devices restore {device.device_id}")


@devices.command()
@click.argument("names", metavar="DEVICE...", nargs=-1, required=True)
@hub_options
def restore(names: tuple[str, ...], hub_url: str, token_file: str | None) -> None:
    """Bring retired devices back."""
    client = client_of(hub_url, token_file)
    retired = [device for device in client.devices(retired=True) if device.retired_s is not None]
    for device in resolve.devices(retired, names, False):
        client.restore_device(device.device_id)
        click.echo(f"Restored {device.name}.")


@devices.command("replace")
@click.argument("old", shell_complete=complete.device)
@click.argument("new", shell_complete=complete.device)
@hub_options
def replace_board(old: str, new: str, hub_url: str, token_file: str | None) -> None:
    """Put the board NEW in the place of OLD: it takes name, tags and groups.

    OLD is retired. Its results stay its own, linked on the page of NEW.
    """
    client = client_of(hub_url, token_file)
    known = client.devices()
    after = resolve.device(known, new)
    before = resolve.device(known if old in {one.label for one in known} else client.devices(retired=True), old)
    client.replace_device(before.device_id, after.device_id)
    click.echo(f"{after.label} takes the place of {before.label}. The old board's results stay its own.")


@devices.command()
@click.argument("names", metavar="DEVICE...", nargs=-1, shell_complete=complete.device)
@click.option("--all", "every", is_flag=True, help="Every device whose agent is older than the hub's version.")
@click.option("--wait", is_flag=True, help="Wait until each upgrade has ended. Exit code 1 if one failed.")
@hub_options
def upgrade(names: tuple[str, ...], every: bool, wait: bool, hub_url: str, token_file: str | None) -> int:
    """Replace agents by the version of the hub's package index.

    Each waits for its run in progress, and goes back by itself if the hub does not hear the new version.
    """
    client = client_of(hub_url, token_file)
    if every:
        chosen = [entry.device for entry in _whole(client, fleet.FleetQuery(state="upgrade")).entries]
    else:
        chosen = resolve.devices(client.devices(), names, False)
    ids = tuple(device.device_id for device in chosen)
    count = client.change_fleet(fleet.FleetChange(act="upgrade", device_ids=ids))
    click.echo(f"Ordered for {count:,} device{'' if count == 1 else 's'}.")
    return _ends(client, set(ids)) if wait else 0


def _ends(client: HubClient, ids: set[str]) -> int:
    """Print how each ended, as it ends. An offline device is not waited for, unless its upgrade has begun."""
    failed = False
    while ids:
        for entry in _whole(client, fleet.FleetQuery()).entries:
            order = entry.upgrade
            is_over = order is None or order.state in ("done", "failed")
            is_over |= order is not None and order.state == "queued" and not entry.device.online
            if entry.device.device_id in ids and is_over:
                ids.discard(entry.device.device_id)
                failed |= order is not None and order.state == "failed"
                words = fleet_words.upgrade(order, is_online=entry.device.online) if order else "nothing to upgrade"
                click.echo(f"{entry.device.label}: {words}")
        if ids:
            time.sleep(POLL_S)
    return int(failed)


@devices.command()
@click.argument("device", required=False)
@click.option("--root", type=click.Path(path_type=Path, exists=True), help="A recorded machine's folder.")
@hub_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def match(device: str | None, root: Path | None, hub_url: str, token_file: str | None, as_json: bool) -> int:
    """Explain a machine's profile: this machine's, a recorded one's, or that of a DEVICE on the hub.

    Exit code 1 if no profile matches.
    """
    if device and root:
        raise UsageError("bad_usage", "Give a DEVICE of the hub or --root, not both.")
    from edgeprof_devices.explaining import explain
    from edgeprof_devices.loader import load_profiles

    facts = _of_the_hub(device, hub_url, token_file) if device else _of_a_machine(root or Path("/"))
    found = explain(facts, load_profiles())
    click.echo(json.dumps(asdict(found), indent=2, ensure_ascii=False) if as_json else _text(found))
    return 0 if found.match.profile_id else 1


def _of_the_hub(name: str, hub_url: str, token_file: str | None) -> Facts:
    record = resolve.devices(client_of(hub_url, token_file).devices(), (name,), False)[0]
    if record.facts is None:
        raise UsageError("no_facts", f"{record.label} has not reported its facts to the hub yet. Start its agent.")
    return record.facts


def _of_a_machine(root: Path) -> Facts:
    """Read by the agent's own code, which this package may not know by name."""
    machine = import_module("edgeprof_agent.machine")
    found = machine.bare_facts(root)
    return cast(Facts, found)


def _text(found: "Explanation") -> str:
    lines = [f"{name + ':':<24} {text}" for name, text in found.seen.items()]
    lines.append("")
    if found.match.profile_id is None:
        lines.append(f"No profile: {found.match.reason}.")
    else:
        lines += [f"Profile {found.match.profile_id} ({found.title})", f"  reason: {found.match.reason}"]
    if found.near:
        lines += ["", "Near misses:"]
    for near in found.near:
        lines += [f"  {', '.join(near.profile_ids)}: {', '.join(near.held)}", f"    but not {near.failed}"]
    return "\n".join([*lines, "", _NEW_PROFILE])
