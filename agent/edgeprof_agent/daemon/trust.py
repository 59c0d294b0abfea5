"""Which jobs this device runs: with a pinned key of its hub only signed ones; without one, every job as it comes."""

import logging
import time
from pathlib import Path

import msgspec

from edgeprof.errors import EdgeprofError
from edgeprof.wire.messages import Job
from edgeprof_agent.daemon.durable import replace_durably

log = logging.getLogger(__name__)

PIN_FILE = "job_key"
"""One key in hexadecimal a line; a second line is the next key while a hub changes its own."""
KEY_BYTES = 32
SEEN_FILE = "job_seen.json"


UNPROVEN = (
    "Nothing proves this order: the device has not joined its hub over TLS. On the device: sudo edgeprof agent upgrade."
)
"""Why an order to upgrade is refused: without a pinned key anybody in the network could give it."""


class _Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the newest accepted job said. Nothing older is believed after it, also not after a restart."""

    hub_id: str = ""
    floor: int = 0
    version: int = 0
    issued_s: float = 0.0


class JobTrust:
    """The keys in `folder`, and what they have vouched for so far. Joining a hub writes the keys."""

    def __init__(self, folder: Path, device_id: str) -> None:
        self._pin = folder / PIN_FILE
        self._seen_file = folder / SEEN_FILE
        self._device_id = device_id

    @property
    def is_pinned(self) -> bool:
        """Whether this device demands signatures at all."""
        return self._pin.exists()

    def check(self, job: Job, payload: bytes) -> None:
        """Raises EdgeprofError for a job that must not run, with a code that the hub shows."""
        keys = self._keys()
        if keys is None:
            return
        from edgeprof.signing import statement  # a device that has joined no hub carries none of it

        seen = self._read_seen()
        expected = statement.Expectation(
            keys=keys,
            device_id=self._device_id,
            hub_id=seen.hub_id,
            floor=seen.floor,
            now_s=time.time(),
            newest_version=seen.version,
            newest_issued_s=seen.issued_s,
        )
        found = statement.checked(job, payload, expected)
        is_newest = found.version > seen.version
        newest = _Seen(
            hub_id=found.hub_id,
            floor=max(seen.floor, found.floor),
            version=max(seen.version, found.version),
            issued_s=found.issued_s if is_newest else seen.issued_s,
        )
        if newest != seen:
            replace_durably(self._seen_file, msgspec.json.encode(newest))

    def _keys(self) -> list[bytes] | None:
        """None: no key is pinned. A pin that cannot be read is not taken for none."""
        try:
            lines = self._pin.read_text(encoding="ascii").split()
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise _unreadable(self._pin) from error
        try:
            keys = [bytes.fromhex(line) for line in lines]
        except ValueError as error:
            raise _unreadable(self._pin) from error
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise _unreadable(self._pin)
        return keys

    def _read_seen(self) -> _Seen:
        """A file that rotted is no reason to stop: the signature, the device and the expiry still hold."""
        try:
            return msgspec.json.decode(self._seen_file.read_bytes(), type=_Seen)
        except FileNotFoundError:
            return _Seen()
        except (msgspec.MsgspecError, ValueError):
            log.warning("trust.seen_unreadable file=%s", self._seen_file)
            return _Seen()


def _unreadable(pin: Path) -> EdgeprofError:
    return EdgeprofError("job_key_unreadable", f"The pinned key of the hub in {pin} is unreadable. Join the hub again.")
