"""A private Python environment from wheels: made by `venv` without pip, filled by uv, or by pip out of its own wheel.

`venv --without-pip` needs neither `ensurepip` nor Debian's package python3-venv.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from edgeprof.errors import EdgeprofError

RECORD = "edgeprof-installed.json"
BUILD_WITHIN_S = 1800.0


@dataclass(frozen=True)
class Installed:
    """What an environment was made of, kept in it: the next run compares."""

    version: str
    wheels: Mapping[str, str]
    """SHA-256 by file name."""
    extras: tuple[str, ...]


@dataclass(frozen=True)
class Installer:
    """`command` takes the options of `pip install`, once `--python` names the environment."""

    title: str
    command: tuple[str, ...]
    variables: Mapping[str, str]


def make(folder: Path) -> Path:
    """An empty environment at this place; what was there before goes. Returns its interpreter."""
    shutil.rmtree(folder, ignore_errors=True)
    _run([_base(), "-m", "venv", "--without-pip", str(folder)], "venv")
    return folder / "bin" / "python"


def check_visible() -> None:
    """For a service whose unit hides homes. Raises EdgeprofError `python_in_home`."""
    base = Path(_base()).resolve()
    if any(base.is_relative_to(home) for home in _HOMES):
        raise EdgeprofError(
            "python_in_home",
            f"{base} lies in a home folder, which the agent's service cannot see. Run the hub's line "
            "with PYTHON=/usr/bin/python3.",
        )


_HOMES = ("/home", "/root", "/run/user")
"""What ProtectHome= of the units hides."""


def _base() -> str:
    return cast("str | None", getattr(sys, "_base_executable", None)) or sys.executable


def choose(python: Path, scratch: Path, uv: Path | None, pip: Path | None) -> Installer:
    """uv from its wheel or on the PATH, else pip from its wheel, else the pip of this machine."""
    quiet = {"UV_NO_CONFIG": "1", "UV_NO_CACHE": "1", "PIP_CONFIG_FILE": os.devnull}
    if found := _unpacked(uv, scratch) if uv else shutil.which("uv"):
        command = (str(found), "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python))
        return Installer("uv", command, quiet)
    if pip is not None:
        return Installer("pip", (str(python), str(pip / "pip"), "install", *_PIP), quiet)
    if subprocess.run([sys.executable, "-c", "import pip"], capture_output=True, check=False).returncode == 0:
        return Installer("pip", (sys.executable, "-m", "pip", "--python", str(python), "install", *_PIP), quiet)
    raise EdgeprofError(
        "no_installer",
        "This device has neither uv nor pip. On the hub, run `edgeprof hub wheels` for it; "
        "or install one here, on Debian: apt install python3-pip",
    )


_PIP = ("--quiet", "--disable-pip-version-check", "--no-input", "--no-cache-dir", "--only-binary", ":all:")


def install(installer: Installer, wanted: Sequence[str], wheels: Path | None, own: Path) -> None:
    """Into the environment, from these wheels alone; `wheels` None: from this machine's package index.

    `own`: edgeprof's wheel, which comes from the hub in either case.
    """
    source = ["--no-index", "--find-links", str(wheels)] if wheels else []
    extras = f"[{','.join(wanted)}]" if wanted else ""
    variables = installer.variables if wheels else None
    _run([*installer.command, *source, f"edgeprof{extras} @ {own.absolute().as_uri()}"], installer.title, variables)


def note(folder: Path, installed: Installed) -> None:
    """Keep what the environment was made of."""
    (folder / RECORD).write_text(json.dumps(asdict(installed), indent=1))


def installed_in(folder: Path) -> Installed | None:
    """What an environment was made of; None where that is not known, or it was not finished."""
    try:
        document = cast("dict[str, object]", json.loads((folder / RECORD).read_text()))
        extras = tuple(map(str, cast("list[object]", document["extras"])))
        return Installed(str(document["version"]), dict(cast("dict[str, str]", document["wheels"])), extras)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_ours(folder: Path) -> bool:
    """Whether it holds an environment of edgeprof: its record, or the program in the layout before versions."""
    return (folder / RECORD).is_file() or (folder / "bin" / "edgeprof").exists()


def size_mib(folder: Path) -> float:
    """On the disk, as far as its files tell."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir()) / 2**20


def _unpacked(wheel: Path, scratch: Path) -> Path:
    """The program out of uv's wheel, which holds it whole."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        program = scratch / "uv"
        with archive.open(name) as source, program.open("wb") as target:
            shutil.copyfileobj(source, target)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def _run(command: Sequence[str], title: str, variables: Mapping[str, str] | None = None) -> None:
    """Raises EdgeprofError `install_failed` with the program's own last words."""
    # Of the installer's own process: the environment must not look for its packages there.
    inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    try:
        done = subprocess.run(
            command,
            env={**inherited, **(variables or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=BUILD_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EdgeprofError("install_failed", f"{title} did not end within {BUILD_WITHIN_S / 60:g} minutes.") from error
    if done.returncode:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise EdgeprofError("install_failed", f"{title} could not install: {' '.join(lines[-3:])[:600]}")
