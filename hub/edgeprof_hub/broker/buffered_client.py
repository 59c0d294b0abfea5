"""paho's client with a buffer each way. By itself it takes and gives a packet in several calls to the kernel.

Each of these calls lets another thread go on, which costs a hub under load more than the call itself.
"""

from typing import Literal

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode

READ_BYTES = 256 * 1024
SEND_BYTES = 64 * 1024
_DISCONNECT = 0xE0


class BufferedClient(mqtt.Client):
    """Everything that touches the socket runs in the one thread that serves it (network_loop.py)."""

    _inflight_messages: int
    _read = memoryview(b"")
    _unsent = b""

    @property
    def has_read(self) -> bool:
        """Whether bytes wait here for which no socket becomes readable."""
        return bool(self._read)

    def reconnect(self) -> MQTTErrorCode:
        self._read = memoryview(b"")
        self._unsent = b""
        return super().reconnect()

    def want_write(self) -> bool:
        return bool(self._unsent) or super().want_write()

    def _sock_recv(self, bufsize: int) -> bytes:
        if not self._read:
            self._read = memoryview(super()._sock_recv(READ_BYTES))
        piece = bytes(self._read[:bufsize])
        self._read = self._read[bufsize:]
        return piece

    def _sock_send(self, buf: bytes | bytearray) -> int:
        """Takes all of it or, where the buffer cannot be emptied, nothing."""
        if len(self._unsent) >= SEND_BYTES:
            self._flush()
        if buf[0] == _DISCONNECT:  # paho closes the socket right after it
            self._flush()
            return super()._sock_send(buf)
        self._unsent += buf
        return len(buf)

    def _handle_pubackcomp(self, cmd: Literal["PUBACK", "PUBCOMP"]) -> MQTTErrorCode:
        """Nobody is told of it here, so what paho builds for its callbacks is left out: a third of this thread's time.

        Every message of ours has QoS 0 or 1.
        """
        packet = self._in_packet["packet"]
        if len(packet) < 2:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        with self._out_message_mutex:
            message = self._out_messages.pop(int.from_bytes(packet[:2], "big"), None)
            if message is None:
                return MQTTErrorCode.MQTT_ERR_SUCCESS
            message.info._set_as_published()  # pyright: ignore[reportPrivateUsage]
            self._inflight_messages -= 1
            return self._update_inflight()

    def _update_inflight(self) -> MQTTErrorCode:
        """Send what had to wait. paho goes through all messages in flight even where none waits."""
        if len(self._out_messages) <= self._inflight_messages:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        return super()._update_inflight()

    def _packet_write(self) -> MQTTErrorCode:
        code = super()._packet_write()
        if code not in (MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_AGAIN) or not self._unsent:
            return code
        try:
            self._flush()
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_AGAIN
        except OSError:
            return MQTTErrorCode.MQTT_ERR_CONN_LOST
        return code

    def _flush(self) -> None:
        """Raises BlockingIOError where the socket takes no more for now; what is left stays."""
        while self._unsent:
            sent = super()._sock_send(self._unsent)
            self._unsent = self._unsent[sent:]
