"""Makes variants of a model, each in a process of its own, and writes down how."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from edgeprof.modelfiles import inspect, proposals
from edgeprof.privacy import NO_TELEMETRY
from edgeprof.wire.identity import file_sha256
from edgeprof_exports.ladder import manifest as manifests
from edgeprof_exports.ladder.manifest import Data, FileFacts, Manifest
from edgeprof_exports.ladder.step import Step
from edgeprof_exports.ladder.table import STEPS

LIMIT_S = 1800
_FLOATS = ("fp32", "fp16", "f32", "f16", "bf16", "fp64")

Say = Callable[[str], None]


@dataclass(frozen=True)
class Inputs:
    """Recorded inputs of a model, and the items that they are of."""

    folder: Path
    data: Data


@dataclass(frozen=True)
class Variant:
    """What came of one step: a file, or a reason."""

    step: Step
    path: Path | None = None
    reason: str = ""

    @property
    def manifest(self) -> Manifest | None:
        """How it was made."""
        return manifests.read(self.path) if self.path else None


def steps_for(format: str, names: tuple[str, ...] = ()) -> list[Step]:
    """Those of a format: the named ones, else all that need no request."""
    fitting = [step for step in STEPS if step.format == format]
    return [step for step in fitting if (step.name in names if names else not step.is_on_request)]


def make(step: Step, source: Path, folder: Path, inputs: Inputs | None) -> Variant:
    """The variant's file in `folder`. One that is there already, of the same source, tools and data, is kept."""
    if step.needs_inputs and inputs is None:
        return Variant(step, reason="needs real inputs: name an evaluation set with --set")
    target = folder / f"{source.stem}-{step.name}{source.suffix}"
    of_source = facts_of(source)
    data = inputs.data if inputs is not None and step.needs_inputs else None
    if _is_current(target, step, of_source, data):
        return Variant(step, target)
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as scratch:
        part = Path(scratch) / target.name
        reason = _run(step, source, part, inputs.folder if inputs is not None and data is not None else None)
        if not reason and not part.is_file():
            reason = "the tool wrote no file"
        if reason:
            return Variant(step, reason=reason)
        os.replace(part, target)
    made = Manifest(
        step=step.name,
        title=step.title,
        quantization=step.quantization,
        source=of_source,
        file=facts_of(target),
        tools=_versions(step),
        settings=dict(step.settings),
        data=data,
        seconds=round(time.monotonic() - started_s, 3),
        requantized=is_quantized(source),
    )
    manifests.write(made, target)
    return Variant(step, target)


def is_quantized(source: Path) -> bool:
    """Whether most of its weights are quantized already. False where the file does not say."""
    kind = proposals.facts_of(inspect(source)).quantization
    return kind is not None and kind.lower() not in _FLOATS


def facts_of(path: Path) -> FileFacts:
    """Name, size and SHA-256."""
    with path.open("rb") as file:
        digest = file_sha256(file)
    return FileFacts(name=path.name, size_bytes=path.stat().st_size, sha256=digest)


def _is_current(target: Path, step: Step, source: FileFacts, data: Data | None) -> bool:
    known = manifests.read(target)
    if known is None or not target.is_file():
        return False
    wanted = (step.name, msgspec.to_builtins(step.settings), source, _versions(step), data)
    return (known.step, known.settings, known.source, known.tools, known.data) == wanted and known.file == facts_of(
        target
    )


def _run(step: Step, source: Path, target: Path, inputs: Path | None) -> str:
    """Why there is no file; empty where there is one."""
    command = [sys.executable, "-W", "ignore", "-m", "edgeprof_exports.ladder", step.name, str(source), str(target)]
    command += [str(inputs)] if inputs is not None else []
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LIMIT_S,
            env={**os.environ, **NO_TELEMETRY},
        )
    except subprocess.TimeoutExpired:
        return f"the tool did not end within {LIMIT_S} s"
    if done.returncode == 0:
        return ""
    words = [line.removeprefix("problem: ") for line in done.stderr.splitlines() if line.startswith("problem: ")]
    if words:
        return words[-1].rstrip(".")
    return f"the tool ended with exit code {done.returncode}"


def _versions(step: Step) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in step.tools:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
