"""paho's client with a buffer each way. By itself it takes and gives a packet in several calls to the kernel.

Each of these calls lets another thread go on, which costs a hub under load more than the call itself.
"""

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode

READ_BYTES = 256 * 1024
SEND_BYTES = 64 * 1024
_DISCONNECT = 0xE0


class BufferedClient(mqtt.Client):
    """Everything that touches the socket runs in the one thread that serves it (network_loop.py)."""

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
