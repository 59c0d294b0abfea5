"""Which port our broker gets: the requested one, last time's, the default one, or any free one."""

import errno
import socket
from dataclasses import dataclass
from pathlib import Path

from edgeprof.errors import UsageError

DEFAULT_PORT = 1883
PORT_FILE = "broker-port"


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """What a port is for: its usual number, the file that keeps it, the option that sets it."""

    usual: int
    file: str
    option: str


PLAIN = Purpose(usual=DEFAULT_PORT, file=PORT_FILE, option="--mqtt-port")
CERTIFICATES = Purpose(usual=8883, file="broker-tls-port", option="--mqtt-tls-port")
TOKENS = Purpose(usual=8884, file="broker-token-port", option="--mqtt-tls-port")


def choose(host: str, wanted: int | None, folder: Path, purpose: Purpose = PLAIN) -> int:
    """A port that is free now. It is kept, so that agents find the broker where it was."""
    file = folder / purpose.file
    if wanted is not None:
        if not _is_free(host, wanted):
            raise UsageError(
                "port_in_use", f"Port {wanted} is in use on this machine. Choose another with {purpose.option}."
            )
        return _saved(file, wanted)
    for port in (_last(file), purpose.usual):
        if port and _is_free(host, port):
            return _saved(file, port)
    with socket.create_server((host, 0), family=_family(host)) as probe:
        port = int(probe.getsockname()[1])
    return _saved(file, port)


def _last(file: Path) -> int | None:
    try:
        port = int(file.read_text())
    except (OSError, ValueError):
        return None
    return port if 0 < port < 65536 else None


def _saved(file: Path, port: int) -> int:
    file.write_text(f"{port}\n")
    return port


def _is_free(host: str, port: int) -> bool:
    try:
        with socket.create_server((host, port), family=_family(host)):
            return True
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return False
        raise UsageError("cannot_listen", f"The broker cannot listen on {host}:{port}: {error.strerror}.") from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
