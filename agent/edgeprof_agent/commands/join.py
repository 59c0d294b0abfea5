"""`edgeprof agent join`: make this device known to a hub, with a certificate of its own."""

import os
import sys
import time
from pathlib import Path

import click

from edgeprof.errors import UsageError
from edgeprof.wire import join_token
from edgeprof.wire.join_token import JoinToken
from edgeprof_agent import config
from edgeprof_agent.daemon.folder import StateFolder
from edgeprof_agent.identity import joining
from edgeprof_agent.phones.folder import phone_folder, phones_data

VARIABLE = "EDGEPROF_JOIN"


@click.command()
@click.option("--hub", required=True, help="The hub's https URL, such as https://192.168.1.10:8766.")
@click.option(
    "--join-file",
    metavar="FILE",
    help=f"File with the join token; - reads standard input. Default: the variable {VARIABLE}, else standard input.",
)
@click.option("--data", help="Folder for this agent's state and models.")
@click.option("--config", "config_file", type=click.Path(path_type=Path), help="TOML file with the agent's settings.")
@click.option("--phone", metavar="DEVICE_ID", help="Join as this phone; `edgeprof agent phones` prints its id.")
@click.option("--no-key", is_flag=True, help="For a board that makes no key: the hub gives it a token of its own.")
def join(
    hub: str, join_file: str | None, data: str | None, config_file: Path | None, phone: str | None, no_key: bool
) -> None:
    """Join a hub with a token from `edgeprof hub join-secret`.

    The token is a secret: it is never an argument, which every user of this machine could read.
    """
    token = _token(join_file)
    settings = config.load({"hub": hub, "data": data}, os.environ, config_file)
    where = phone_folder(phones_data(settings.data), phone) if phone else settings.data
    folder = StateFolder(where)
    try:
        done = joining.join(hub, token, where, folder.device_id(), has_key=not no_key)
    finally:
        folder.release()
    until = (
        "a token of its own"
        if done.expires_s is None
        else f"a certificate until {time.strftime('%Y-%m-%d', time.gmtime(done.expires_s))}, which the agent renews"
    )
    click.echo(f"Joined {done.hub_url} as {done.device_id}, with {until}.")
    named = os.environ.get("EDGEPROF_HUB") or config.hub_in(config_file)
    if named and named.rstrip("/") != done.hub_url:
        click.echo(f"This agent's settings name {named}. Change that to {done.hub_url}.", err=True)
    phones = f" --hub {done.hub_url} --phone-runner RUNNER=PATH" if phone else ""
    click.echo("Start it: edgeprof agent run" + phones + (f" --data {data}" if data else ""))


def _token(file: str | None) -> JoinToken:
    """Raises UsageError where there is none, or none that can be read."""
    if file is None and (given := os.environ.get(VARIABLE)):
        return join_token.parse(given)
    if file is None or file == "-":
        if sys.stdin.isatty():
            return join_token.parse(click.prompt("Join token", hide_input=True))
        return join_token.parse(sys.stdin.read())
    try:
        return join_token.parse(Path(file).read_text())
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text file"
        raise UsageError("token_unreadable", f"Cannot read the join token's file {file}: {reason}.") from error
