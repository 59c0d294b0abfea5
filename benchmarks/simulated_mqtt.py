"""MQTT 3.1.1 by hand, as much as an agent needs of it: thousands of light connections in one process.

Packets as in the OASIS standard of 2014, sections 2.2 (lengths), 3.1 (CONNECT), 3.3 (PUBLISH), 3.8 (SUBSCRIBE).
"""

import asyncio
import struct
from collections.abc import Callable, Sequence

KEEPALIVE_S = 60


def text(value: str) -> bytes:
    """A length of two bytes and UTF-8.

    >>> text("MQTT")
    b'\\x00\\x04MQTT'
    """
    raw = value.encode()
    return struct.pack(">H", len(raw)) + raw


def packet(head: int, body: bytes) -> bytes:
    """A whole packet: its first byte, its length in groups of seven bits, its body.

    >>> packet(0xC0, b"")
    b'\\xc0\\x00'
    """
    length, groups = len(body), bytearray()
    while True:
        length, group = divmod(length, 128)
        groups.append(group | (0x80 if length else 0))
        if not length:
            return bytes((head, *groups)) + body


def connect(client_id: str, will_topic: str, will: bytes) -> bytes:
    """CONNECT with a retained will of QoS 1 and a session that the broker keeps, as the agent's."""
    flags = 0x04 | 0x08 | 0x20  # a will, of QoS 1, retained; no clean session
    head = text("MQTT") + struct.pack(">BBH", 4, flags, KEEPALIVE_S)
    return packet(0x10, head + text(client_id) + text(will_topic) + struct.pack(">H", len(will)) + will)


def subscribe(number: int, filters: Sequence[str]) -> bytes:
    """SUBSCRIBE at QoS 1."""
    return packet(0x82, struct.pack(">H", number) + b"".join(text(name) + b"\1" for name in filters))


def publish(number: int, topic: str, payload: bytes, *, retain: bool = False) -> bytes:
    """PUBLISH at QoS 1."""
    return packet(0x32 | retain, text(topic) + struct.pack(">H", number) + payload)


class Connection(asyncio.Protocol):
    """One client's connection. Calls back on the event loop; acknowledges whatever arrives at QoS 1."""

    def __init__(
        self,
        hello: bytes,
        on_answer: Callable[[int, int], None],
        on_message: Callable[[str, bytes], None],
        on_lost: Callable[[], None],
    ) -> None:
        """`on_answer` gets a packet's kind (2 CONNACK, 4 PUBACK, 9 SUBACK) and number, 0 for a CONNACK."""
        self._hello = hello
        self._on_answer = on_answer
        self._on_message = on_message
        self._on_lost = on_lost
        self._unread = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self._hello)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._on_lost()

    def data_received(self, data: bytes) -> None:
        unread = self._unread + data
        at = 0
        while (whole := _whole(unread, at)) is not None:
            body_at, end = whole
            self._take(unread[at], unread[body_at:end])
            at = end
        self._unread = unread[at:]

    def send(self, data: bytes) -> bool:
        """False where there is no connection."""
        if self.transport is None:
            return False
        self.transport.write(data)
        return True

    def cut(self) -> None:
        """End it without a word, so that the broker publishes the will."""
        if self.transport is not None:
            self.transport.abort()

    def _take(self, head: int, body: bytes) -> None:
        kind = head >> 4
        if kind == 3:
            self._take_publish(head, body)
        elif kind == 2:
            if body[1]:
                raise RuntimeError(f"the broker refused the connection: {body[1]}")
            self._on_answer(2, 0)
        elif kind in (4, 9):
            self._on_answer(kind, int.from_bytes(body[:2], "big"))

    def _take_publish(self, head: int, body: bytes) -> None:
        end = 2 + int.from_bytes(body[:2], "big")
        topic = body[2:end].decode()
        if head & 0x06:
            self.send(b"\x40\x02" + body[end : end + 2])
            end += 2
        self._on_message(topic, body[end:])


def _whole(data: bytes, at: int) -> tuple[int, int] | None:
    """Where the body of the packet at `at` begins and ends; None while not all of it is here."""
    length = shift = 0
    for place in range(at + 1, min(at + 5, len(data))):
        length |= (data[place] & 0x7F) << shift
        shift += 7
        if not data[place] & 0x80:
            end = place + 1 + length
            return (place + 1, end) if end <= len(data) else None
    return None
