"""The bytes of artifacts beside the outbox: one file for each content, named by its SHA-256."""

from errno import EIO
from pathlib import Path

from edgeprof.wire.identity import file_sha256
from edgeprof_agent.daemon.durable import write_durably


class ArtifactFiles:
    """One folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where an artifact lies, or would."""
        return self._folder / sha256

    def put(self, sha256: str, data: bytes) -> None:
        """Store an artifact durably; one that rotted is replaced."""
        if self.damage(sha256):
            self.path(sha256).unlink(missing_ok=True)
        write_durably(self.path(sha256), data)

    def damage(self, sha256: str) -> str | None:
        """Why an artifact cannot be sent, by its own hash: missing, damaged, unreadable; None where it is whole.

        Raises OSError where that may pass.
        """
        try:
            with self.path(sha256).open("rb") as stream:
                return None if file_sha256(stream) == sha256 else "damaged"
        except FileNotFoundError:
            return "missing"
        except IsADirectoryError:
            return "damaged"
        except OSError as error:
            if error.errno != EIO:
                raise
            return "unreadable"

    def keep_only(self, named: set[str]) -> None:
        """Remove the files that no result names."""
        for file in self._folder.iterdir():
            if file.name not in named and not file.is_dir():
                file.unlink()
