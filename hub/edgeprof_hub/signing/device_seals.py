"""Seals of what the hub tells devices about their results and jobs."""

from edgeprof.signing import seals
from edgeprof.wire.messages import Cancel, DownwardMessage, Receipt
from edgeprof_hub.signing.job_key import JobKey

MAX_KEYS = 20_000
"""Of devices; each takes 0.2 KB."""


class DeviceSeals:
    """Of one start of the hub. Safe from any thread: a key that is made twice is the same key."""

    def __init__(self, key: JobKey, hub_session: str) -> None:
        self._secret = key.seal_secret()
        self._hub_session = hub_session
        self._keys: dict[str, bytes] = {}

    def key_of(self, device_id: str) -> bytes:
        """What the device is handed over by TLS."""
        key = self._keys.get(device_id)
        if key is None:
            if len(self._keys) >= MAX_KEYS:
                self._keys.clear()
            key = self._keys[device_id] = seals.device_key(self._secret, self._hub_session, device_id)
        return key

    def sealed(self, device_id: str, message: DownwardMessage) -> DownwardMessage:
        """The message with its seal, where it is one that carries one."""
        if not isinstance(message, (Receipt, Cancel)):
            return message
        return seals.sealed(message, self.key_of(device_id))
