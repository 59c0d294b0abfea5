"""Fills the hub's wheel folder for a kind of device, by pip, and checks that nothing is missing for that device."""

import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof_hub.joining.closure import requirements, resolve
from edgeprof_hub.joining.targets import Target
from edgeprof_hub.joining.wheel_index import PROJECT, Wheel, WheelIndex

MAX_ROUNDS = 6
DOWNLOAD_WITHIN_S = 3600


@dataclass(frozen=True)
class Filled:
    """What a kind of device needs, all of it in the folder. `new`: how many files were not there before."""

    target: Target
    wheels: Sequence[Wheel]
    new: int

    @property
    def size_mb(self) -> float:
        return sum(wheel.size_bytes for wheel in self.wheels) / 1e6


def fill(
    index: WheelIndex, target: Target, extras: Sequence[str], tools: Sequence[str], constraint: Path | None
) -> Filled:
    """Download what the device lacks. Raises EdgeprofError `wheels_missing`, MissingPartError `pip_missing`.

    pip takes the environment markers of this machine, not of the device. So the direct requirements are read here,
    and what the folder still lacks for the device is requested by name, until nothing is.
    """
    if find_spec("pip") is None:
        raise MissingPartError(
            "pip_missing", f"Downloading wheels needs pip, which {sys.executable} lacks: python -m ensurepip"
        )
    own = index.own()
    before = {wheel.name for wheel in index.wheels()}
    wanted = [*map(str, _direct(own, target, extras)), *tools]
    roots = [Requirement(f"{PROJECT}[{','.join(extras)}]=={own.version}"), *map(Requirement, tools)]
    for _ in range(MAX_ROUNDS):
        _download(index.folder, target, wanted, constraint)
        found = resolve(index.wheels(), target, roots)
        if not found.missing:
            chosen = list(found.wheels.values())
            return Filled(target, chosen, sum(wheel.name not in before for wheel in chosen))
        if sorted(found.missing) == sorted(wanted):
            break
        wanted = list(found.missing)
    raise _missing(target, wanted)


def _direct(own: Wheel, target: Target, extras: Iterable[str]) -> list[Requirement]:
    """edgeprof's own dependencies, without markers: the device's hold."""
    found = requirements(own, target, extras)
    for each in found:
        each.marker = None
    return [Requirement(str(each)) for each in found]


def _download(folder: Path, target: Target, wanted: Sequence[str], constraint: Path | None) -> None:
    """What has arrived whole goes into the folder; a try that broke off leaves nothing there."""
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    kind = [word for name in target.platforms for word in ("--platform", name)]
    kind += [word for name in target.abis for word in ("--abi", name)]
    kind += ["--implementation", "cp", "--python-version", f"{target.python[0]}.{target.python[1]}"]
    pins = ["--constraint", str(constraint)] if constraint else []
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as scratch:
        command = [
            *pip,
            "--only-binary",
            ":all:",
            *kind,
            *pins,
            "--find-links",
            str(folder),
            "--dest",
            scratch,
            *wanted,
        ]
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DOWNLOAD_WITHIN_S,
            check=False,
        )
        for file in Path(scratch).glob("*.whl"):
            if not (folder / file.name).exists():
                file.rename(folder / file.name)
    if done.returncode:
        errors = [line.partition(": ")[2] for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        raise EdgeprofError(
            "wheels_missing", f"{target}: {errors[-1] if errors else done.stderr[-300:]}.{_hint(target)}"
        )


def _missing(target: Target, wanted: Sequence[str]) -> EdgeprofError:
    return EdgeprofError(
        "wheels_missing", f"{target}: the package index has no wheel of {', '.join(wanted)}.{_hint(target)}"
    )


def _hint(target: Target) -> str:
    if target.machine == "armv7l":
        return " PyPI has few wheels for 32-bit Arm. Name an index that has more, such as piwheels: PIP_EXTRA_INDEX_URL"
    return " Put a wheel of your own into the folder, or choose other runtimes: --extras none"
