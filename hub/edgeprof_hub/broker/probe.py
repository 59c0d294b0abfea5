"""Whether a broker still answers: a CONNECT of MQTT 3.1.1 and its CONNACK. A port that is open proves nothing."""

import secrets
import socket
import struct
from contextlib import suppress

CONNACK = 0x20
_DISCONNECT = b"\xe0\x00"
_KEEPALIVE_S = 30
_CLEAN, _PASSWORD, _USER = 0x02, 0x40, 0x80


def answers(host: str, port: int, username: str | None, password: str | None, within_s: float) -> bool:
    """Whether a CONNACK came in this time; one that refuses is an answer, too."""
    try:
        with socket.create_connection((host, port), timeout=within_s) as line:
            line.sendall(_connect(f"edgeprof-probe-{secrets.token_hex(8)}", username, password))
            found = line.recv(4)
            with suppress(OSError):
                line.sendall(_DISCONNECT)
    except OSError:
        return False
    return bool(found) and found[0] == CONNACK


def take_over(host: str, port: int, client_id: str, username: str, password: str, within_s: float) -> bool:
    """End whoever is connected with this client id, and what the broker keeps for it. Whether the broker agreed.

    MQTT 3.1.1, 3.1.4: a second connection with an id ends the first one.
    """
    try:
        with socket.create_connection((host, port), timeout=within_s) as line:
            line.sendall(_connect(client_id, username, password))
            found = line.recv(4)
            with suppress(OSError):
                line.sendall(_DISCONNECT)
    except OSError:
        return False
    return found[:1] == bytes([CONNACK]) and found[3:4] == b"\0"


def _connect(client_id: str, username: str | None, password: str | None) -> bytes:
    """MQTT 3.1.1, 3.1: with nothing that the broker would keep. A probe has an id that takes nobody's place."""
    flags = _CLEAN | (_USER if username else 0) | (_PASSWORD if username and password else 0)
    payload = _text(client_id)
    if username:
        payload += _text(username) + (_text(password) if password else b"")
    body = _text("MQTT") + struct.pack("!BBH", 4, flags, _KEEPALIVE_S) + payload
    return b"\x10" + _length(len(body)) + body


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("!H", len(raw)) + raw


def _length(size: int) -> bytes:
    """MQTT 3.1.1, 2.2.3: seven bits a byte, the lowest first."""
    out = bytearray()
    while True:
        size, digit = divmod(size, 128)
        out.append(digit | (128 if size else 0))
        if not size:
            return bytes(out)
