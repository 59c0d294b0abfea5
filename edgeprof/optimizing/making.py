"""Makes the variants of a model by the ladder of `edgeprof_exports`, with inputs from an evaluation set."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from edgeprof.errors import UsageError
from edgeprof.modelfiles import inspect
from edgeprof.optimizing.variants import Made
from edgeprof.quality.packaged.resolve import resolve_set

MAX_INFERENCES = 256
"""Inputs that a quantizer sees at most: it holds the ranges of all of them in memory."""
MIN_CALIBRATION_ITEMS = 8

Say = Callable[[str], None]


@dataclass(frozen=True)
class Split:
    """Items of a set: the first `scored` are answered, those after them calibrate."""

    set_name: str
    scored: int
    calibrating: int


def split_of(set_name: str, items: int, calibrating: int) -> Split:
    """No item does both. Raises UsageError `too_few_items`.

    >>> split_of("digits", 500, 100)
    Split(set_name='digits', scored=400, calibrating=100)
    """
    if calibrating < MIN_CALIBRATION_ITEMS:
        raise UsageError(
            "too_few_items",
            f"{calibrating} items cannot calibrate: ranges of so few mislead. Use {MIN_CALIBRATION_ITEMS} or more.",
        )
    if items - calibrating < calibrating:
        raise UsageError(
            "too_few_items",
            f"{set_name} has {items} items, and {calibrating} calibrate. At least as many must be left to score. "
            f"Use --calibration-items {items // 2} or fewer, or a larger set.",
        )
    return Split(set_name, items - calibrating, calibrating)


def steps_of(source: Path) -> list[tuple[str, str, str]]:
    """Name, title and need of every step for this model, also those that run on request only."""
    ladder: Any = import_module("edgeprof_exports.ladder.table")
    return [
        (step.name, step.title, "a set (--set)" if step.needs_inputs else "on request" if step.is_on_request else "")
        for step in ladder.STEPS
        if step.format == inspect(source).format
    ]


def is_quantized(source: Path) -> bool:
    """Whether most of the source's weights are quantized already."""
    return bool(import_module("edgeprof_exports.ladder.making").is_quantized(source))


def make_all(
    source: Path, folder: Path, names: tuple[str, ...], split: Split | None, say: Say
) -> tuple[list[Made], list[tuple[str, str]]]:
    """The files in `folder` in the order of the ladder, the source first; and each step without a file, with why."""
    ladder: Any = import_module("edgeprof_exports.ladder.making")
    steps = _named_steps(ladder, source, names)
    folder.mkdir(parents=True, exist_ok=True)
    made = [Made(model=str(source), step="", title="source", size_bytes=source.stat().st_size)]
    missing: list[tuple[str, str]] = []
    with tempfile.TemporaryDirectory(prefix="edgeprof-") as scratch:
        inputs = (
            _inputs(ladder, source, split, Path(scratch), say) if any(step.needs_inputs for step in steps) else None
        )
        for step in steps:
            say(f"{step.name}: {step.title}")
            variant = ladder.make(step, source, folder, inputs)
            if variant.path is None:
                say(f"  no file: {variant.reason}")
                missing.append((step.title, variant.reason))
                continue
            made.append(
                Made(
                    model=str(variant.path),
                    step=step.name,
                    title=step.title,
                    size_bytes=variant.path.stat().st_size,
                )
            )
    return made, missing


def _named_steps(ladder: Any, source: Path, names: tuple[str, ...]) -> Any:
    known = [name for name, _, _ in steps_of(source)]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError("unknown_step", f"No step {unknown[0]!r} for {source.name}. Steps: {', '.join(known)}.")
    return ladder.steps_for(inspect(source).format, names)


def _inputs(ladder: Any, source: Path, split: Split | None, folder: Path, say: Say) -> Any:
    if split is None:
        return None
    found, set_folder = resolve_set(split.set_name, say)
    places = range(split.scored, split.scored + split.calibrating)
    recorded = import_module("edgeprof_agent.evaluating.recorded_inputs")
    say(f"inputs of items {places.start + 1} to {places.stop} of {found.facts.name}")
    count: int = recorded.record_inputs(source, set_folder, places, MAX_INFERENCES, folder)
    manifest: Any = import_module("edgeprof_exports.ladder.manifest")
    data = manifest.Data(
        set_name=found.facts.name,
        set_id=found.set_id,
        first_item=places.start,
        last_item=places.stop - 1,
        inferences=count,
    )
    return ladder.Inputs(folder, data)
