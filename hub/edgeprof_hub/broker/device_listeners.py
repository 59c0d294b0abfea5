"""mosquitto's doors for devices that have joined: TLS, and every client is who its certificate or its token says.

Both doors take the client id from the identity (`use_username_as_clientid`): with the certificate as user name alone, a
device could connect with another's client id and throw it out. Their access rules go by that name, and hold no rule of
the hub's own: its user is good at the plain door alone.
"""

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from edgeprof.wire import topics
from edgeprof_hub import private_file
from edgeprof_hub.broker import ports
from edgeprof_hub.identity import tokens

ACL, PASSWORDS = "device-acl", "device-passwords"
NOBODY = "edgeprof-nobody"
_BY_CERTIFICATE = """
listener {port} {host}
cafile {identity}/ca.pem
certfile {identity}/server.pem
keyfile {identity}/server.key
crlfile {identity}/crl.pem
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {folder}/device-acl
"""
_BY_TOKEN = """
listener {port} {host}
certfile {identity}/server.pem
keyfile {identity}/server.key
require_certificate false
use_username_as_clientid true
allow_anonymous false
password_file {folder}/device-passwords
acl_file {folder}/device-acl
"""


@dataclass(frozen=True, kw_only=True)
class DeviceDoors:
    """What the doors are made of."""

    identity: Path
    """The folder of the authority's files."""
    host: str
    port: int | None
    """Of the door for certificates; the one for tokens is the next. None: the usual ones, or any that are free."""
    token_lines: Callable[[], list[str]]
    """`device_id:hash` of each device's token in force."""


@dataclass(frozen=True, kw_only=True)
class DevicePorts:
    """Where devices connect: with a certificate, with a token."""

    certificate: int
    token: int


def choose_ports(doors: DeviceDoors, folder: Path) -> DevicePorts:
    """Ports that are free now, kept for the next start."""
    port, next_port = (doors.port, doors.port + 1) if doors.port else (None, None)
    return DevicePorts(
        certificate=ports.choose(doors.host, port, folder, ports.CERTIFICATES),
        token=ports.choose(doors.host, next_port, folder, ports.TOKENS),
    )


def config(folder: Path, doors: DeviceDoors, at: DevicePorts) -> str:
    """The two listeners; what comes before them in the file must have `per_listener_settings true`."""
    parts = ((_BY_CERTIFICATE, at.certificate), (_BY_TOKEN, at.token))
    return "".join(
        text.format(port=port, host=doors.host, folder=folder, identity=doors.identity.absolute())
        for text, port in parts
    )


def write_files(folder: Path, lines: Iterable[str]) -> None:
    """The access rules and the tokens' hashes: what the broker reads at its next start or reload.

    The first line of the passwords is nobody's: a list that is never empty is never taken for a missing one.
    """
    nobody = f"{NOBODY}:{tokens.broker_hash(secrets.token_urlsafe(32))}"
    private_file.replace(folder / ACL, access_rules())
    private_file.replace(folder / PASSWORDS, "".join(f"{line}\n" for line in (nobody, *lines)))


def access_rules() -> str:
    """A device may write upward and read downward below its own id, and nothing else."""
    up = [f"pattern write {topics.PREFIX}/+/%u/{name}" for name in topics.UPWARD]
    down = [f"pattern read {topics.PREFIX}/+/%u/{name}" for name in topics.DOWNWARD]
    return "\n".join([*up, *down, f"pattern read {topics.PREFIX}/+/hub/notice", ""])
