"""By which names and addresses this machine may be reached: what the server's certificate must be good for."""

import ipaddress
import re
import socket

import psutil

_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def machine_names(host: str, more: tuple[str, ...]) -> list[str]:
    """What a person named first, then the host's names, then its addresses. `host`: where the hub listens."""
    name = socket.gethostname()
    found = [*more, name, f"{name.partition('.')[0]}.local", "localhost", "127.0.0.1", "::1"]
    if host not in ("0.0.0.0", "::"):
        found.append(host)
    return [name for name in dict.fromkeys([*found, *_addresses()]) if is_name(name)]


def is_name(text: str) -> bool:
    """Whether a certificate can hold it: a host name in ASCII, or an address."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return _HOST_NAME.fullmatch(text) is not None and ".." not in text
    return True


def _addresses() -> list[str]:
    """Of every interface that is not the link's own: those need the interface's name, too."""
    found: list[str] = []
    for interface in psutil.net_if_addrs().values():
        for one in interface:
            if one.family in (socket.AF_INET, socket.AF_INET6) and "%" not in one.address:
                found.append(one.address)
    return sorted(found)
