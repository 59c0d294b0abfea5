"""An older build of edgeprof, installed from this repository's history next to today's."""

import io
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = (".", "agent", "hub", "model_exports", "device_profiles")
"""Where the packages of a commit lie; a wheel has the same packages."""


class NoHistory(Exception):
    """The clone lacks the commit."""


def install(commit: str, folder: Path) -> Path:
    """The interpreter of a virtual environment with that commit's packages and today's third-party ones.

    The packages are copied into it, as a wheel's are: nothing of today's edgeprof can be imported there.
    Raises NoHistory, with the remedy, where the clone has no such commit.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    with tarfile.open(fileobj=io.BytesIO(_archive(commit))) as archive:
        for member in archive:
            if (place := _place(member.name)) is not None:
                member.name = place
                archive.extract(member, site, filter="data")
    others = [path for path in sys.path if Path(path).name == "site-packages"]
    (site / "third_party.pth").write_text("\n".join(others) + "\n")
    return folder / "bin" / "python"


def _archive(commit: str) -> bytes:
    done = subprocess.run(["git", "-C", ROOT, "archive", "--format=tar", commit], capture_output=True)
    if done.returncode:
        raise NoHistory(
            f"This clone lacks commit {commit}, which older agents and hubs are tested from: "
            f"{done.stderr.decode().strip()}. Fetch the whole history: git fetch --unshallow"
        )
    return done.stdout


def _place(name: str) -> str | None:
    """`hub/edgeprof_hub/app.py` -> `edgeprof_hub/app.py`; None for what no wheel has."""
    parts = Path(name).parts
    if parts and parts[0] in ROOMS:
        parts = parts[1:]
    return str(Path(*parts)) if parts and parts[0].split("_")[0] == "edgeprof" else None
