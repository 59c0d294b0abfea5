"""`edgeprof group`: devices that are flashed together, under one name."""

import click

from edgeprof.client import resolve
from edgeprof.commands import complete
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError


@click.command()
@click.argument("name", required=False, shell_complete=complete.group)
@click.argument("devices", nargs=-1, metavar="[DEVICE]...", shell_complete=complete.device)
@click.option("--delete", "is_deleted", is_flag=True, help="Delete the group. Its devices stay.")
@hub_options
def group(name: str | None, devices: tuple[str, ...], is_deleted: bool, hub_url: str, token_file: str | None) -> None:
    """Create or replace the group NAME with these DEVICES.

    Without devices, show the group. Without a name, list all groups.
    `edgeprof flash MODEL --group NAME` flashes to every device of a group.
    """
    client = client_of(hub_url, token_file)
    if name and is_deleted:
        client.delete_group(name)
        click.echo(f"Deleted group {name}.")
        return
    if is_deleted:
        raise UsageError("no_name", "Name the group to delete: edgeprof group NAME --delete.")
    known = client.devices()
    if name and devices:
        members = [resolve.device(known, text) for text in dict.fromkeys(devices)]
        client.set_group(name, [item.device_id for item in members])
        click.echo(f"{name}: {', '.join(item.label for item in members)}.")
        return
    labels = {item.device_id: item.label for item in known}
    found = [item for item in client.groups() if name in (None, item.name)]
    if name and not found:
        raise UsageError("unknown_group", f"No group {name!r} on this hub. Create it: edgeprof group {name} DEVICE ...")
    for item in found:
        click.echo(f"{item.name}: {', '.join(labels[device_id] for device_id in item.device_ids)}")
    if not found:
        click.echo("No groups yet. Create one: edgeprof group NAME DEVICE ...")
