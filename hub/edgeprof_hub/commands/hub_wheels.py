"""`edgeprof hub wheels`: fills the package index that devices install from."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from edgeprof.errors import UsageError
from edgeprof.fit.wheels import EXTRAS, extras_for
from edgeprof_hub.joining.downloading import fill
from edgeprof_hub.joining.targets import Target, parse
from edgeprof_hub.joining.wheel_index import FOLDER, PROJECT, WheelIndex, read

Say = Callable[[str], None]


def run(
    data: Path,
    kinds: Sequence[str],
    extras: str | None,
    own: Path | None,
    constraint: Path | None,
    glibc: str | None,
    with_uv: bool,
    say: Say,
) -> None:
    """Raises EdgeprofError; what has arrived stays."""
    targets = [parse(kind, glibc) for kind in kinds]
    index = WheelIndex(data / FOLDER)
    index.folder.mkdir(parents=True, exist_ok=True)
    if own is not None:
        say(f"edgeprof: {_put(own, index.folder)}")
    tools = ("uv", "pip") if with_uv else ("pip",)
    for target in targets:
        names = _chosen(extras, target, say)
        filled = fill(index, target, names, tools, constraint)
        runtimes = ", ".join(names) or "no runtime"
        say(f"{target}: {len(filled.wheels)} wheels, {filled.size_mb:.1f} MB, {filled.new} new ({runtimes})")
    wheels = index.wheels()
    total_mb = sum(wheel.size_bytes for wheel in wheels) / 1e6
    say(f"{index.folder}: {len(wheels)} wheels, {total_mb:.1f} MB. Devices get edgeprof {index.own().version}.")


def _chosen(extras: str | None, target: Target, say: Say) -> Sequence[str]:
    """The runtimes that this kind of device can use, or those that were named."""
    if extras is None:
        choice = extras_for(target.machine, target.python)
        for name, reason in choice.left_out.items():
            say(f"{target}: without {name}: {reason}")
        return choice.extras
    names = tuple(name.strip() for name in extras.split(",") if name.strip() not in ("", "none"))
    unknown = [name for name in names if name not in EXTRAS]
    if unknown:
        raise UsageError("bad_extra", f"{unknown[0]!r} is not a runtime of a device. Runtimes: {', '.join(EXTRAS)}.")
    return names


def _put(file: Path, folder: Path) -> str:
    """A wheel of edgeprof that somebody built. Raises EdgeprofError `bad_wheel`."""
    if not file.is_file():
        raise UsageError("bad_wheel", f"No file {file}.")
    wheel = read(file)
    if wheel.project != PROJECT:
        raise UsageError("bad_wheel", f"{file.name} is a wheel of {wheel.project}, not of edgeprof.")
    if file.resolve().parent != folder.resolve():
        shutil.copyfile(file, folder / file.name)
    return file.name
