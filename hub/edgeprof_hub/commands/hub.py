"""`edgeprof hub serve`. Imports happen when it runs: help is fast, and Python 3.10 gets a clear error."""

import sys
from pathlib import Path

import click

from edgeprof.commands import complete
from edgeprof.commands.hub_options import client_of, hub_options
from edgeprof.commands.joining import device_id_of
from edgeprof.errors import UsageError
from edgeprof.paths import state_dir
from edgeprof_hub.commands.hub_people import audit, token, user
from edgeprof_hub.commands.parts import parts_of_the_hub
from edgeprof_hub.config import DEFAULT_PORT, DEFAULT_TLS_PORT


@click.group()
def hub() -> None:
    """Run the hub."""


hub.add_command(user)
hub.add_command(token)
hub.add_command(audit)


@hub.command()
@click.option("--data", type=click.Path(path_type=Path), help="Folder for the hub's database, models and broker.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 means all.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port for the pages and the API.",
)
@click.option("--broker", default="", metavar="KIND", help="embedded, mosquitto or mqtt://HOST:PORT.")
@click.option(
    "--mqtt-port", type=click.IntRange(1, 65535), help="Port for the hub's own broker (default: 1883 if free)."
)
@click.option("--tls", is_flag=True, help="Serve by TLS, and let devices join with certificates of their own.")
@click.option(
    "--tls-port",
    type=click.IntRange(1, 65535),
    default=DEFAULT_TLS_PORT,
    show_default=True,
    help="With --tls: port for the pages and the API.",
)
@click.option(
    "--mqtt-tls-port",
    type=click.IntRange(1, 65534),
    metavar="PORT",
    help="With --tls: port of the broker for certificates; the next one is for devices' tokens (default: 8883).",
)
@click.option(
    "--tls-name",
    "tls_names",
    multiple=True,
    metavar="NAME",
    help="With --tls: another host name or address of this machine, for its certificate. Repeatable.",
)
@click.option(
    "--keep-plain",
    is_flag=True,
    help="With --tls: other machines may also connect without TLS. For agents that have not joined yet.",
)
@click.option("--token-file", type=click.Path(path_type=Path), help="File with the shared token (or EDGEPROF_TOKEN).")
@click.option(
    "--webhook",
    "webhooks",
    multiple=True,
    metavar="URL",
    envvar="EDGEPROF_WEBHOOK",
    help="Post notices (regressions, finished campaigns, devices in trouble) to this URL as JSON. Repeatable.",
)
@click.option(
    "--email",
    "email_file",
    type=click.Path(path_type=Path),
    envvar="EDGEPROF_EMAIL",
    metavar="FILE",
    help="Send notices by e-mail, too, with the settings of this TOML file.",
)
@click.option(
    "--offline-after",
    "offline_after_h",
    type=click.FloatRange(0.1, 8760),
    default=12.0,
    show_default=True,
    envvar="EDGEPROF_OFFLINE_AFTER_H",
    metavar="HOURS",
    help="Send a notice about a device that has been offline for so long.",
)
@click.option(
    "--prices",
    "price_files",
    multiple=True,
    type=click.Path(path_type=Path),
    envvar="EDGEPROF_PRICES",
    help="Your own price catalogue; its entries override the shipped ones. Check it with `edgeprof prices check`.",
)
@click.option("--new-token", is_flag=True, help="Make a token in the data folder and use it.")
def serve(
    data: Path | None,
    host: str,
    port: int,
    broker: str,
    mqtt_port: int | None,
    tls: bool,
    tls_port: int,
    mqtt_tls_port: int | None,
    tls_names: tuple[str, ...],
    keep_plain: bool,
    token_file: Path | None,
    webhooks: tuple[str, ...],
    email_file: Path | None,
    offline_after_h: float,
    price_files: tuple[Path, ...],
    new_token: bool,
) -> None:
    """Run the hub until Ctrl-C or SIGTERM."""
    with parts_of_the_hub():
        from edgeprof_hub import config, mail, notices

    folder = data or state_dir("hub")
    if new_token:
        made = config.make_token(folder)
        click.echo(f"New token saved in {made}. Devices and the command line need it.")
        token_file = made
    settings = config.HubSettings(
        data=folder,
        host=host,
        port=port,
        broker=broker,
        mqtt_port=mqtt_port,
        token=config.find_token(folder, token_file),
        webhooks=tuple(map(notices.check_url, webhooks)),
        tls=tls,
        tls_port=tls_port,
        mqtt_tls_port=mqtt_tls_port,
        tls_names=tls_names,
        keep_plain=keep_plain,
        email=mail.load(email_file) if email_file else None,
        offline_after_h=offline_after_h,
    )
    config.check(settings)
    with parts_of_the_hub():
        from edgeprof_hub import server
        from edgeprof_hub.cost.catalogue.loader import use_own_files
    use_own_files(price_files)
    server.serve(settings, click.echo)


@hub.command("join-secret")
@click.option(
    "--ttl",
    "ttl_minutes",
    type=click.IntRange(1, 1440),
    default=15,
    show_default=True,
    metavar="MINUTES",
    help="How long it is good for.",
)
@click.option("--device", metavar="DEVICE", help="Let this device join again: its id, or its name.")
@hub_options
def join_secret(ttl_minutes: int, device: str | None, hub_url: str, token_file: str | None) -> None:
    """Print a join token: with it one device joins the hub, once.

    It is a secret until then. Give it to `edgeprof agent join` by a file, by standard input or in EDGEPROF_JOIN.
    """
    client = client_of(hub_url, token_file)
    device_id = None if device is None else device_id_of(client, device)
    made = client.new_join_secret(60.0 * ttl_minutes, device_id)
    click.echo(made.token)
    whom = f"device {device}" if device else "one device"
    click.echo(f"Good for {whom}, for {ttl_minutes} min. On the device: edgeprof agent join --hub URL", err=True)


@hub.command("new-ca")
@click.argument("step", type=click.Choice(["prepare", "switch", "drop"]))
@click.option("--data", type=click.Path(path_type=Path), help="The hub's data folder.")
def new_ca(step: str, data: Path | None) -> None:
    """Replace the hub's certificate authority in three steps, with the hub stopped.

    prepare: devices learn the next CA while the hub runs. switch, days later: it signs. drop, once every device has
    renewed its certificate: the former one is trusted no more.
    """
    with parts_of_the_hub():
        from edgeprof_hub.config import IDENTITY
        from edgeprof_hub.identity import rotation
        from edgeprof_hub.locking import locked

    folder = data or state_dir("hub")
    with locked(folder):
        if step == "prepare":
            name = rotation.prepare(folder / IDENTITY)
            click.echo(f"CA {name} is prepared. Start the hub; devices that are online learn it within 6 h.")
            click.echo("Then stop the hub again, and run: edgeprof hub new-ca switch")
        elif step == "switch":
            name = rotation.switch(folder / IDENTITY)
            click.echo(f"CA {name} signs from the next start on. A device that never learned it must join again.")
        else:
            names = rotation.drop(folder / IDENTITY)
            click.echo(f"Dropped {', '.join(names)}. A device whose certificate it signed must join again.")


@hub.command()
@click.argument("device", shell_complete=complete.device)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@hub_options
def revoke(device: str, yes: bool, hub_url: str, token_file: str | None) -> None:
    """Shut a device out: its certificate and token are void at once.

    Its connection ends within seconds. Its results stay. `edgeprof hub join-secret --device DEVICE` lets it in again.
    """
    client = client_of(hub_url, token_file)
    device_id = device_id_of(client, device)
    if not yes:
        if not sys.stdin.isatty():
            raise UsageError("not_confirmed", f"This shuts device {device} out. Confirm with --yes.")
        click.confirm(f"Shut device {device} out?", abort=True)
    done = client.revoke_device(device_id)
    click.echo(f"Revoked {device}: {done.revoked} credential{'s' * (done.revoked != 1)} void.")
    if not done.is_cut:
        click.echo("The broker did not answer. A connection that stands ends when the broker is restarted.", err=True)
        sys.exit(1)


@hub.command()
@click.option("--data", type=click.Path(path_type=Path), help="The hub's data folder.")
@click.option(
    "--salvage",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Copy what can be read into this new folder, which a hub can serve.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(data: Path | None, salvage: Path | None, as_json: bool) -> None:
    """Check the hub's data: the database, each result and each file by its hash.

    Nothing is changed, and the hub may run meanwhile. The exit code is 1 where something is damaged.
    """
    with parts_of_the_hub():
        from edgeprof_hub.commands import hub_check

    sys.exit(hub_check.run(data or state_dir("hub"), salvage, as_json))


@hub.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="The hub's data folder.")
def backup(folder: Path, data: Path | None) -> None:
    """Copy the hub's data into a new folder, which a hub can serve, and check the copy.

    The hub may run meanwhile. The copy holds the token, the keys of the CA and the key that signs jobs: guard it.
    """
    with parts_of_the_hub():
        from edgeprof_hub.commands import hub_backup

    sys.exit(hub_backup.run(data or state_dir("hub"), folder))


@hub.command("job-key")
@click.option("--data", type=click.Path(path_type=Path), help="The hub's data folder.")
def job_key(data: Path | None) -> None:
    """Print the public key that signs this hub's jobs: the line of a device's file identity/job_key."""
    with parts_of_the_hub():
        from edgeprof_hub.signing.job_key import JobKey

        click.echo(JobKey.open((data or state_dir("hub")) / "identity").public_hex)


@hub.command()
@click.option("--data", type=click.Path(path_type=Path), help="The hub's data folder.")
@click.option(
    "--for",
    "kinds",
    multiple=True,
    metavar="KIND",
    help="Kind of device, such as aarch64-cp311: architecture and Python. Repeatable.",
)
@click.option("--extras", metavar="LIST", help="Runtimes: onnx,litert,llama-wheel or none. Default: all that fit.")
@click.option(
    "--wheel", "own", type=click.Path(path_type=Path), help="edgeprof's wheel. Default: packed from this hub."
)
@click.option("--constraint", type=click.Path(path_type=Path), help="pip's constraints file, to pin versions.")
@click.option("--glibc", metavar="2.N", help="The devices' C library. Default: that of the system with this Python.")
@click.option("--uv/--no-uv", "with_uv", default=True, help="With uv (17 MB), which installs several times as fast.")
def wheels(
    data: Path | None,
    kinds: tuple[str, ...],
    extras: str | None,
    own: Path | None,
    constraint: Path | None,
    glibc: str | None,
    with_uv: bool,
) -> None:
    """Download the wheels that devices install from this hub.

    Devices need no other network then. The hub may run meanwhile. Each kind is checked: nothing may be missing.
    """
    if not kinds and own is None:
        raise click.UsageError("Name a kind of device: --for aarch64-cp311")
    with parts_of_the_hub():
        from edgeprof_hub.commands import hub_wheels

    hub_wheels.run(data or state_dir("hub"), kinds, extras, own, constraint, glibc, with_uv, click.echo)


@hub.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Empty folder for the synthetic hub.")
@click.option("--devices", type=click.IntRange(0, 10_000), default=200, show_default=True, help="Number of devices.")
@click.option("--models", type=click.IntRange(0, 10_000), default=100, show_default=True, help="Number of models.")
@click.option(
    "--results", type=click.IntRange(0, 10_000_000), default=200_000, show_default=True, help="Number of results."
)
def seed(data: Path, devices: int, models: int, results: int) -> None:
    """Fill an empty folder with a large synthetic fleet, to try or benchmark a hub.

    Nothing in it is measured: every page of that hub says so, and no winner is named. The folder must be empty.
    """
    with parts_of_the_hub():
        from edgeprof_hub.seed import writing

    size = writing.Size(devices=devices, models=models, results=results)
    with click.progressbar(length=results, label="Making synthetic results", file=sys.stderr) as bar:
        writing.fill(data, size, lambda done: bar.update(done - bar.pos))
    click.echo(f"{data}: {devices} synthetic devices, {models} models and {results:,} results.")
    click.echo(f"Serve it: edgeprof hub serve --data {data}")
