"""`edgeprof devices`: the hub's devices, and why a machine got its profile."""

import json
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from edgeprof import tables
from edgeprof.client import resolve
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.errors import UsageError
from edgeprof.wire.messages import Facts

if TYPE_CHECKING:
    from edgeprof_devices.explaining import Explanation

_NEW_PROFILE = "Board missing? Add it to device_profiles/edgeprof_devices/profiles/; see docs/supported-devices.md."


@click.group(invoke_without_command=True)
@hub_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def devices(context: click.Context, hub_url: str, token_file: str | None, as_json: bool) -> None:
    """List the hub's devices. `edgeprof devices match` explains a device's profile."""
    if context.invoked_subcommand is None:
        records = client_of(hub_url, token_file).devices()
        click.echo(tables.devices_json(records) if as_json else tables.devices_text(records))


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
