"""The network thread of the hub's MQTT connection, on `poll`.

paho's own thread waits with `select`, which refuses file descriptors from 1,024 on (paho-mqtt 2.2.0, `Client._loop`):
a hub with so many open connections would never get back to its broker. This one uses paho's interface for external
loops.
"""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import cast

import paho.mqtt.client as mqtt

from edgeprof.net.backoff import Backoff
from edgeprof_hub.broker.buffered_client import BufferedClient

_TICK_MS = 1_000
"""How often paho looks after its keepalive."""
_READS = 500
"""So many reads in a row before what waits to be sent has its turn."""
_GOODBYE_S = 2.0
"""What was not sent to a broker in this time after `stop` is not sent."""


class NetworkLoop:
    """Connects a client, serves it until it is stopped, and connects again after each loss."""

    def __init__(self, client: BufferedClient, max_pause_s: float, on_unreachable: Callable[[], object]) -> None:
        """The client knows its broker (`connect_async`) and has no thread of its own."""
        self._client = client
        self._backoff = Backoff(max_s=max_pause_s, jitter=False)
        self._on_unreachable = on_unreachable
        self._stopping = threading.Event()
        client.on_socket_register_write = self._wants_to_write
        self._thread = threading.Thread(target=self._run, name="hub-broker", daemon=True)

    def start(self) -> None:
        """Connect in the background, for as long as it takes."""
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._thread.start()

    def stop(self) -> None:
        """Disconnect once what waits is sent, and end the thread. Nothing, where it was never started."""
        if self._thread.ident is None:
            return
        self._stopping.set()
        self._wake()
        self._thread.join()
        self._woken.close()
        self._waker.close()

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            was_connected = False
            try:
                self._client.reconnect()
            except OSError:
                self._on_unreachable()
            else:
                was_connected = self._serve()
            failures = 1 if was_connected else failures + 1
            self._stopping.wait(self._backoff.delay_s(failures))

    def _serve(self) -> bool:
        """Until the connection is gone. Whether the broker had accepted it."""
        was_connected = False
        leave_at_s: float | None = None
        while (connection := self._client.socket()) is not None:
            was_connected = was_connected or self._client.is_connected()
            if self._stopping.is_set():
                if leave_at_s is None:
                    leave_at_s = time.monotonic() + _GOODBYE_S
                    self._client.disconnect()
                elif time.monotonic() > leave_at_s:
                    break
            if self._step(cast(socket.socket, connection)) != mqtt.MQTT_ERR_SUCCESS:
                break
        return was_connected

    def _step(self, connection: socket.socket) -> int:
        """Wait for something to do, for a tick at most, and do it."""
        poll = select.poll()
        poll.register(connection, select.POLLIN | (select.POLLOUT if self._client.want_write() else 0))
        poll.register(self._woken, select.POLLIN)
        has_bytes = self._client.has_read or _decrypted_bytes(connection) > 0
        ready = dict(poll.poll(0 if has_bytes else _TICK_MS))
        self._drain()
        code: int = mqtt.MQTT_ERR_SUCCESS
        if has_bytes or ready.get(connection.fileno(), 0) & ~select.POLLOUT:
            code = self._read()
        if code == mqtt.MQTT_ERR_SUCCESS and self._client.want_write():
            code = self._client.loop_write()
        return code if code != mqtt.MQTT_ERR_SUCCESS else self._client.loop_misc()

    def _read(self) -> int:
        """What the socket has, and all that came with it."""
        code: int = self._client.loop_read()
        reads = 1
        while code == mqtt.MQTT_ERR_SUCCESS and self._client.has_read and reads < _READS:
            code = self._client.loop_read()
            reads += 1
        return code

    def _wants_to_write(self, client: mqtt.Client, userdata: object, connection: object) -> None:
        """Called in whichever thread publishes."""
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it wakes anyway; closed: nobody waits
            self._waker.send(b"\0")

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._woken.recv(4096)


def _decrypted_bytes(connection: object) -> int:
    """What TLS holds ready, for which no socket becomes readable."""
    pending = getattr(connection, "pending", None)
    return pending() if callable(pending) else 0  # pyright: ignore[reportUnknownVariableType, reportReturnType]
