"""Every change to the machine goes through here: it is printed, and in a dry run printed only."""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgeprof.errors import EdgeprofError

Say = Callable[[str], None]


@dataclass
class Changes:
    """`is_dry`: nothing is changed, each line says what would be. `count`: of the changes so far."""

    say: Say
    is_dry: bool = False
    count: int = 0

    def note(self, word: str, what: object) -> None:
        """One line: `created    /etc/edgeprof/agent.toml`."""
        self.count += 1
        self.say(f"{('would be ' if self.is_dry else '') + word:<10} {what}")

    def put(self, file: Path, text: str, mode: int = 0o644) -> bool:
        """The file with this content: whole or not at all, also after a power cut. Returns whether it changed."""
        before = _content(file)
        if before == text.encode():
            self.say(f"{'unchanged':<10} {file}")
            return False
        self.note("created" if before is None else "updated", file)
        if not self.is_dry:
            folder(file.parent)
            _write(file, text.encode(), mode)
        return True

    def link(self, link: Path, target: Path) -> None:
        """Switch a link in one step: who follows it finds the old target or the new one."""
        if link.is_symlink() and link.resolve() == target.resolve():
            return
        self.note("switched", f"{link} -> {target}")
        if not self.is_dry:
            spare = link.with_name(f".{link.name}.new")
            spare.unlink(missing_ok=True)
            spare.symlink_to(target)
            os.replace(spare, link)
            sync(link.parent)

    def remove(self, path: Path) -> None:
        """A file, a link or a whole folder; nothing where it is gone already."""
        if not (path.exists() or path.is_symlink()):
            return
        self.note("removed", path)
        if self.is_dry:
            return
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def check_writable(*folders: Path) -> None:
    """Raises EdgeprofError `file_unwritable` where one can be neither made nor written to."""
    for each in folders:
        nearest = each
        while not nearest.exists():
            nearest = nearest.parent
        if not os.access(nearest, os.W_OK):
            raise EdgeprofError(
                "file_unwritable",
                f"Cannot write to {nearest}. Use sudo, or set PREFIX, ETC, UNITS and STATE to folders of yours.",
            )


def folder(path: Path, mode: int = 0o755) -> None:
    """Made with its parents, whatever the caller's umask."""
    if not path.is_dir():
        folder(path.parent)
        path.mkdir(exist_ok=True)
        path.chmod(mode)


def sync(path: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _content(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EdgeprofError("file_unwritable", f"Cannot read {file}: {error.strerror}.") from error


def _write(file: Path, data: bytes, mode: int) -> None:
    with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as stream:
        try:
            os.fchmod(stream.fileno(), mode)
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
            os.replace(stream.name, file)
        except OSError as error:
            os.unlink(stream.name)
            raise EdgeprofError("file_unwritable", f"Cannot write {file}: {error.strerror}.") from error
    sync(file.parent)
