"""The agent's state folder: whose it is (one process at a time) and the device id that was made once in it."""

import fcntl
import logging
import os
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.wire import identity, topics
from edgeprof_agent.daemon.durable import replace_durably, write_durably

log = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


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
        """Random, made at the first start, kept for good. A damaged one is taken back from the results made under it.

        Raises EdgeprofError where no result tells it.
        """
        file = self.path / "device_id"
        write_durably(file, identity.new_device_id().encode())
        kept = file.read_text(errors="replace").strip()
        if topics.is_name(kept):
            return kept
        from edgeprof_agent.daemon.kept_id import kept_id, waiting  # only the rare agent with a damaged file needs it

        database = self.path / "agent.db"
        known = kept_id(database)
        if known is None:
            raise _bad_device_id(file, kept, waiting(database))
        replace_durably(file, known.encode())
        log.warning("device_id.restored file=%s held=%r device=%s", file, kept[:60], known)
        return known

    def place(self, boot_id_file: Path = BOOT_ID) -> str:
        """This folder on this machine since its last boot, hashed. Empty where the kernel tells no boot id.

        The lock makes it one agent's at a time. A copied card has the same files, but another boot id; a copied folder
        on the same machine has another inode.
        """
        try:
            boot_id = boot_id_file.read_text().strip()
        except OSError:
            return ""
        found = os.fstat(self._lock)
        return identity.sha256_hex(f"{boot_id} {found.st_dev} {found.st_ino}".encode())[:32] if boot_id else ""

    def release(self) -> None:
        os.close(self._lock)


def _bad_device_id(file: Path, held: str, results: int | None) -> EdgeprofError:
    """A new id would quarantine every result that waits under the old one, so nobody is told to make one then."""
    if results == 0:
        remedy = "No result waits under it. Remove the file: the agent makes a new id."
    else:
        waits = "results may wait" if results is None else f"{results} result{'s wait' if results != 1 else ' waits'}"
        remedy = f"{waits[0].upper()}{waits[1:]} under the id that it held. Restore the file from a copy."
    return EdgeprofError("bad_device_id", f"{file} holds {held[:60]!r}, which is not a device id. {remedy}")
