"""edgeprof's own wheel, packed from the running installation: what devices get is what this hub is.

The same files give the same bytes, so that the wheel's hash changes only with its content.
"""

import base64
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof.version import __version__

PACKAGES = ("edgeprof", "edgeprof_agent", "edgeprof_devices", "edgeprof_exports", "edgeprof_hub")
NAME = f"edgeprof-{__version__}-py3-none-any.whl"
_INFO = f"edgeprof-{__version__}.dist-info"
_WHEEL = "Wheel-Version: 1.0\nGenerator: edgeprof\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(folder: Path) -> Path:
    """Write the wheel into a folder, whole or not at all; returns it. Raises EdgeprofError `not_packable`."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / NAME
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as stream:
        try:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
                _write(archive)
            stream.flush()
            os.replace(stream.name, file)
        except BaseException:
            os.unlink(stream.name)
            raise
    file.chmod(0o644)
    return file


def _write(archive: zipfile.ZipFile) -> None:
    record: list[str] = []
    for name, data in (*_code(), *_metadata()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record.append(f"{name},sha256={digest},{len(data)}")
        archive.writestr(_entry(name), data)
    record.append(f"{_INFO}/RECORD,,")
    archive.writestr(_entry(f"{_INFO}/RECORD"), "\n".join(record) + "\n")


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _code() -> Iterator[tuple[str, bytes]]:
    for package in PACKAGES:
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            raise EdgeprofError("not_packable", f"This installation lacks {package}. Give the wheel: --wheel FILE")
        root = Path(spec.origin).parent
        yield from _files(root, package)
        beside = root.parent / "packaging"  # in a copy of the project it lies next to the package
        if package == "edgeprof_agent" and not (root / "packaging").is_dir() and beside.is_dir():
            yield from _files(beside, f"{package}/packaging")


def _files(root: Path, name: str) -> Iterator[tuple[str, bytes]]:
    for file in sorted(root.rglob("*")):
        part = file.relative_to(root)
        if file.is_file() and "__pycache__" not in part.parts:
            yield f"{name}/{part.as_posix()}", file.read_bytes()


def _metadata() -> Iterator[tuple[str, bytes]]:
    try:
        installed = distribution("edgeprof")
    except PackageNotFoundError as error:
        raise EdgeprofError(
            "not_packable", "edgeprof was not installed by pip. Give its wheel: --wheel FILE"
        ) from error
    metadata = installed.read_text("METADATA") or ""
    yield (
        f"{_INFO}/METADATA",
        metadata.replace(f"\nVersion: {installed.version}\n", f"\nVersion: {__version__}\n").encode(),
    )
    yield f"{_INFO}/WHEEL", _WHEEL.encode()
    yield f"{_INFO}/entry_points.txt", (installed.read_text("entry_points.txt") or "").encode()
    licence = installed.read_text("licenses/LICENSE")
    if licence:
        yield f"{_INFO}/licenses/LICENSE", licence.encode()
