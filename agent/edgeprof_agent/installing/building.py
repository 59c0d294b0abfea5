"""A version of edgeprof, side by side with those that are there: wheels down, environment made, runtimes added."""

import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from edgeprof.errors import EdgeprofError
from edgeprof_agent.installing import environment
from edgeprof_agent.installing.board import Board
from edgeprof_agent.installing.changes import Changes, folder
from edgeprof_agent.installing.environment import Installed
from edgeprof_agent.installing.hub_source import Extra, HubSource, Plan, WheelFile
from edgeprof_agent.installing.places import Places
from edgeprof_agent.installing.places import note as note_places

NO_EXTRAS = "none"


@dataclass(frozen=True)
class Build:
    """An environment. `is_new`: it was made just now."""

    folder: Path
    version: str
    is_new: bool

    @property
    def program(self) -> Path:
        return self.folder / "bin" / "edgeprof"


def build(plan: Plan, source: HubSource, board: Board, places: Places, extras: str | None, changes: Changes) -> Build:
    """The version that the hub has, in an environment of its own; the one in use where it is the same.

    `extras`: `onnx,litert`, `none`, or None for every runtime that this device can use. Raises EdgeprofError.
    """
    chosen = _chosen(plan, extras, board, changes)
    wheels = _unique((*plan.base, *(wheel for extra in chosen for wheel in extra.wheels)))
    names = tuple(extra.name for extra in chosen)
    made_of = Installed(plan.version, {wheel.name: wheel.sha256 for wheel in wheels}, names)
    if places.current.is_symlink() and environment.installed_in(places.current.resolve()) == made_of:
        changes.say(f"{'unchanged':<10} edgeprof {plan.version} in {places.current.resolve()}")
        return Build(places.current.resolve(), plan.version, is_new=False)
    target = _free(places.versions, plan.version)
    if changes.is_dry:
        size_mb = sum(wheel.size_bytes for wheel in wheels) / 1e6
        changes.note("installed", f"edgeprof {plan.version} in {target}: {len(wheels)} wheels, {size_mb:.1f} MB")
        return Build(target, plan.version, is_new=True)
    folder(places.versions)
    with tempfile.TemporaryDirectory(dir=places.versions, prefix=".wheels-") as scratch:
        try:
            _fill(target, plan, chosen, source, Path(scratch), changes)
        except BaseException:
            Changes(lambda _: None).remove(target)
            raise
    note_places(target, places)
    environment.note(target, made_of)
    return Build(target, plan.version, is_new=True)


def prune(places: Places, keep: Iterable[Path], changes: Changes) -> None:
    """Remove the environments that are neither in use nor the way back, and what a cut left behind."""
    kept = {path.resolve() for path in keep}
    for each in sorted(places.versions.iterdir()) if places.versions.is_dir() else ():
        if each.is_dir() and each.resolve() not in kept:
            changes.remove(each)


def _fill(
    target: Path, plan: Plan, extras: tuple[Extra, ...], source: HubSource, scratch: Path, changes: Changes
) -> None:
    """First edgeprof alone: it works without a runtime, and its figure says what that takes."""
    begun_s = time.monotonic()
    tools = {tool.name: source.download(tool, scratch) for tool in (plan.uv or plan.pip,) if tool is not None}
    own, *rest = (source.download(wheel, scratch) for wheel in plan.base)
    python = environment.make(target)
    uv, pip = (tools.get(tool.name) if tool else None for tool in (plan.uv, plan.pip))
    installer = environment.choose(python, scratch, uv, pip)
    wheels = None if plan.missing else scratch
    environment.install(installer, (), wheels, own)
    fetched_mb = sum(file.stat().st_size for file in (own, *rest, *tools.values())) / 1e6
    changes.note(
        "installed",
        f"edgeprof {plan.version} in {target}: {time.monotonic() - begun_s:.1f} s by {installer.title}, "
        f"{fetched_mb:.1f} MB from the hub, {environment.size_mib(target):.1f} MiB on the disk",
    )
    if plan.missing:
        changes.say(f"{'note':<10} the hub lacks {', '.join(plan.missing)}: this device's package index supplied them")
    if not extras:
        return
    begun_s = time.monotonic()
    files = [source.download(wheel, scratch) for wheel in _unique(wheel for extra in extras for wheel in extra.wheels)]
    environment.install(installer, [extra.name for extra in extras], wheels, own)
    fetched_mb = sum(file.stat().st_size for file in files) / 1e6
    names = ", ".join(extra.name for extra in extras)
    changes.note("installed", f"{names}: {time.monotonic() - begun_s:.1f} s, {fetched_mb:.1f} MB from the hub")


def _chosen(plan: Plan, extras: str | None, board: Board, changes: Changes) -> tuple[Extra, ...]:
    """The runtimes to install; what this device cannot use, or the hub does not have, is named."""
    known = {extra.name: extra for extra in plan.extras}
    if extras is not None:
        names = [name.strip() for name in extras.split(",") if name.strip() and name.strip() != NO_EXTRAS]
        for name in names:
            if name not in known or (known[name].missing and not plan.missing):
                reason = plan.left_out.get(name) or _lacks(known.get(name), board)
                raise EdgeprofError("no_wheel", f"Cannot install {name} here: {reason}.")
        return tuple(known[name] for name in names)
    for name, reason in plan.left_out.items():
        changes.say(f"{'left out':<10} {name}: {reason}")
    for extra in plan.extras:
        if extra.missing and not plan.missing:
            changes.say(f"{'left out':<10} {extra.name}: {_lacks(extra, board)}")
    return tuple(extra for extra in plan.extras if plan.missing or not extra.missing)


def _lacks(extra: Extra | None, board: Board) -> str:
    if extra is None:
        return "edgeprof installs onnx, litert and llama-wheel"
    return f"the hub lacks {', '.join(extra.missing)}. On the hub: edgeprof hub wheels --for {board.target}"


def _unique(wheels: Iterable[WheelFile]) -> tuple[WheelFile, ...]:
    return tuple({wheel.name: wheel for wheel in wheels}.values())


def _free(versions: Path, version: str) -> Path:
    """A folder that no environment has yet: the one in use is never touched."""
    number = 1
    while (versions / f"{version}-{number}").exists():
        number += 1
    return versions / f"{version}-{number}"
