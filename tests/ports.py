"""Ports for the servers that tests start."""

import secrets
import socket

LOWEST = 15_000
HIGHEST = 32_000
"""Below the ports that Linux gives to outgoing connections, from 32768 on: none of them takes a port found here."""


def free_port() -> int:
    """A port of 127.0.0.1 that is free now. It is drawn, as several test processes look for one at a time."""
    while True:
        port = LOWEST + secrets.randbelow(HIGHEST - LOWEST)
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
