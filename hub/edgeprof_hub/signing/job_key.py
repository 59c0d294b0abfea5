"""The hub's Ed25519 key for jobs and bundles: made once, kept in the data folder, readable by its owner only."""

import hashlib
import hmac
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edgeprof.errors import EdgeprofError
from edgeprof_hub import private_file

FILE = "job-key"
_SEED_BYTES = 32


class JobKey:
    """One key. Devices pin `public_hex` when they join."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_hex = self._key.public_key().public_bytes_raw().hex()

    @classmethod
    def open(cls, folder: Path) -> "JobKey":
        """The key in this folder, made now if there is none. Raises EdgeprofError for a damaged one.

        A damaged key is never replaced: every device that pinned it would refuse the new one.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = folder / FILE
        if not file.exists():
            fresh = folder / f".{FILE}.new"
            private_file.write(fresh, f"{os.urandom(_SEED_BYTES).hex()}\n")
            _sync(fresh)
            os.replace(fresh, file)
            _sync(folder)
        try:
            return cls(bytes.fromhex(file.read_text(encoding="ascii").strip()))
        except ValueError as error:
            raise EdgeprofError(
                "job_key_damaged",
                f"The hub's signing key {file} is damaged. Restore it from a backup: devices have pinned this key.",
            ) from error

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes."""
        return self._key.sign(message)

    def seal_secret(self) -> bytes:
        """Of the same key, for `DeviceSeals`: a restored hub needs no other file. It says nothing about the key."""
        return hmac.digest(self._seed, b"edgeprof seal secret 1", hashlib.sha256)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
