"""Whose certificate a connection has shown, as TLS has checked it."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

PEER = "tls_peer"
"""In the state of a request: the `Peer` of its connection."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """The client's certificate: signed by the CA, in its time, good for a client."""

    device_id: str
    serial: str
    """In hexadecimal, as OpenSSL writes it."""
    der: bytes


def peer_of(connection: object) -> Peer | None:
    """Of a transport's `ssl_object`; None where the client showed no certificate."""
    if not isinstance(connection, (ssl.SSLObject, ssl.SSLSocket)):
        return None
    shown = cast("Mapping[str, Any] | None", connection.getpeercert())
    der = connection.getpeercert(binary_form=True)
    if not shown or der is None:
        return None
    names = [value for group in shown["subject"] for key, value in group if key == "commonName"]
    return Peer(device_id=names[0] if names else "", serial=str(shown["serialNumber"]), der=der)
