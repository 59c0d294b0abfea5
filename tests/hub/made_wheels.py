"""Wheels for tests, made without a network: empty ones, ones of what is installed here, and changed ones."""

import base64
import hashlib
import re
import zipfile
from collections.abc import Mapping, Sequence
from importlib.metadata import distribution
from pathlib import Path

AGENT_NEEDS = ("click", "msgspec", "paho-mqtt", "platformdirs", "psutil")


def empty(folder: Path, name: str, requires: Sequence[str] = (), python: str = ">=3.8") -> Path:
    """A wheel that holds its metadata alone. `name`: its file's."""
    project, version, *_ = name.split("-")
    metadata = ["Metadata-Version: 2.1", f"Name: {project}", f"Version: {version}", f"Requires-Python: {python}"]
    metadata += [f"Requires-Dist: {each}" for each in requires]
    tag = "-".join(name.removesuffix(".whl").split("-")[-3:])
    info = f"{project}-{version}.dist-info"
    wheel = f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n"
    return _written(folder / name, {f"{info}/METADATA": "\n".join(metadata).encode(), f"{info}/WHEEL": wheel.encode()})


def of_installed(folder: Path, name: str) -> Path:
    """A package of this environment, packed again."""
    found = distribution(name)
    wheel = found.read_text("WHEEL") or ""
    tags = re.findall(r"^Tag: (\S+)-(\S+)-(\S+)$", wheel, re.MULTILINE)
    python, abi = tags[0][:2]
    platforms = ".".join(sorted({tag[2] for tag in tags}))
    files = {
        str(file): Path(str(file.locate())).read_bytes()
        for file in found.files or ()
        if ".." not in file.parts and not file.name.endswith((".pyc", "RECORD", "INSTALLER", "REQUESTED"))
    }
    project = found.metadata["Name"].replace("-", "_")
    return _written(folder / f"{project}-{found.version}-{python}-{abi}-{platforms}.whl", files)


def changed(source: Path, folder: Path, version: str, edits: Mapping[str, tuple[str, str]]) -> Path:
    """Another version of edgeprof's wheel. `edits`: by file, a text and what takes its place."""
    old = source.name.split("-")[1]
    files: dict[str, bytes] = {}
    with zipfile.ZipFile(source) as archive:
        for name in archive.namelist():
            data = archive.read(name)
            if name.endswith(".dist-info/METADATA"):
                data = re.sub(rb"(?m)^Version: .*$", f"Version: {version}".encode(), data, count=1)
            if name == "edgeprof/version.py":
                data = data.replace(old.encode(), version.encode(), 1)
            if name in edits:
                before, after = (text.encode() for text in edits[name])
                assert before in data
                data = data.replace(before, after, 1)
            if not name.endswith("RECORD"):
                files[name.replace(f"edgeprof-{old}.dist-info", f"edgeprof-{version}.dist-info")] = data
    return _written(folder / source.name.replace(old, version, 1), files)


def _written(file: Path, files: Mapping[str, bytes]) -> Path:
    info = next(name.partition("/")[0] for name in files if name.endswith(".dist-info/WHEEL"))
    record: list[str] = []
    file.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(data)}")
            archive.writestr(name, data)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,", ""]))
    return file
