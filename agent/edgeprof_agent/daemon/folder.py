"""The agent's state folder: whose it is (one process at a time) and the device id that was made once in it."""

import fcntl
import os
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.wire import identity, topics
from edgeprof_agent.daemon.durable import write_durably


class StateFolder:
    """Held from construction to `release`, or to the end of the process, however that comes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise EdgeprofError(
                "state_unusable", f"Cannot use the state folder {path}: {error.strerror}. Use another with --data."
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(self._lock, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(self._lock)
            raise EdgeprofError(
                "state_in_use",
                f"Another agent (process {owner}) uses the state folder {path}. Stop it, or use another with --data.",
            ) from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def device_id(self) -> str:
        """Random, made at the first start, kept for good."""
        file = self.path / "device_id"
        write_durably(file, identity.new_device_id().encode())
        kept = file.read_text(errors="replace").strip()
        if not topics.is_name(kept):
            raise EdgeprofError(
                "bad_device_id", f"{file} holds {kept[:60]!r}, which is not a device id. Remove the file."
            )
        return kept

    def release(self) -> None:
        os.close(self._lock)
