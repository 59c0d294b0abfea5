"""`edgeprof agent install` and `edgeprof agent upgrade`."""

import click

from edgeprof_agent.installing import install as installing
from edgeprof_agent.installing import join_token
from edgeprof_agent.installing.places import places
from edgeprof_agent.installing.upgrade import upgrade as upgrade_agent


@click.command()
@click.option("--hub", metavar="URL", help="The hub's URL, such as http://192.168.1.10:8765.")
@click.option(
    "--join",
    metavar="-|FILE",
    help="Where the token comes from. Default: EDGEPROF_JOIN, else a question at a terminal.",
)
@click.option("--extras", metavar="LIST", help="Runtimes: onnx,litert or none. Default: all that this device can use.")
@click.option("--name", help="Name of this device. Default: the host's name.")
@click.option(
    "--start/--no-start", default=None, help="Start it now, or leave it stopped. Default: start with systemd."
)
@click.option("--dry-run", is_flag=True, help="Print each change and make none.")
@click.option("--uninstall", is_flag=True, help="Take the agent away; keep its settings and results.")
@click.option("--purge", is_flag=True, help="With --uninstall: remove settings and results, too.")
def install(
    hub: str | None,
    join: str | None,
    extras: str | None,
    name: str | None,
    start: bool | None,
    dry_run: bool,
    uninstall: bool,
    purge: bool,
) -> None:
    """Install the agent as a service from the hub's wheels, and join the hub.

    It makes an environment of its own in /opt/edgeprof, so it needs root. PREFIX, ETC, UNITS and STATE name other
    folders. Run it again: it changes only what differs.
    """
    if uninstall:
        installing.uninstall(places(), click.echo, purge=purge, is_dry=dry_run)
        return
    if not hub:
        raise click.UsageError("Name the hub: --hub http://HOST:8765")
    wish = installing.Wish(
        hub=hub, credential=join_token.read(join), extras=extras, name=name, is_dry=dry_run, starts=start
    )
    installing.install(wish, places(), click.echo)


@click.command()
@click.option("--within-s", type=click.FloatRange(5, 3600), default=120.0, show_default=True, help="Patience, s.")
@click.option("--dry-run", is_flag=True, help="Print what would change and change nothing.")
def upgrade(within_s: float, dry_run: bool) -> None:
    """Replace the installed agent by the hub's version; go back if the hub does not hear it.

    The new version lies next to the old one. The old one stays in use until the hub hears the new one.
    """
    upgrade_agent(places(), click.echo, within_s=within_s, is_dry=dry_run)
