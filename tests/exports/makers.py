"""A published wheel in small: a real archive in a folder that stands for the package index."""

import hashlib
import zipfile
from pathlib import Path

import msgspec

from edgeprof_exports.recipe import PackageFile, Recipe

MEMBER = "tinymodel/data/tiny.onnx"
ARCHIVE = "tinymodel-1.2.3-py3-none-any.whl"


def wheel(folder: Path, content: bytes, member: str = MEMBER) -> Path:
    """A wheel that pip accepts, with `content` inside."""
    folder.mkdir(parents=True, exist_ok=True)
    info = "tinymodel-1.2.3.dist-info"
    path = folder / ARCHIVE
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)
        metadata = "Metadata-Version: 2.1\nName: tinymodel\nVersion: 1.2.3\nRequires-Dist: no-such\n"
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def recipe(content: bytes, name: str = "tiny") -> Recipe:
    """A recipe for `content` in that wheel."""
    source = PackageFile(
        package="tinymodel",
        version="1.2.3",
        archive=ARCHIVE,
        archive_bytes=1000,
        platform="any",
        python="3.11",
        member=MEMBER,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    return Recipe(
        name=name,
        family="tiny",
        variant="onnx-fp32",
        quantization="fp32",
        format="onnx",
        task="other",
        licence="Apache-2.0",
        made_by="this test",
        source=source,
    )


def with_source(of: Recipe, **changes: str | int) -> Recipe:
    """The recipe with other fields in its source."""
    return msgspec.structs.replace(of, source=msgspec.structs.replace(of.source, **changes))
