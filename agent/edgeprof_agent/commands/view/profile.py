"""What `edgeprof profile` shows: a live line while it measures, then the result as text."""

import shutil
from collections.abc import Iterator
from typing import TextIO

from edgeprof.tables.figures import clean
from edgeprof.wire.messages import Result
from edgeprof_agent.commands.view.conditions import conditions_lines, footprint_lines
from edgeprof_agent.commands.view.energy import energy_lines
from edgeprof_agent.commands.view.figures import figure_lines
from edgeprof_agent.commands.view.load import open_loop_lines, soak_lines, sweep_lines
from edgeprof_agent.commands.view.memory import cold_lines, memory_lines
from edgeprof_agent.commands.view.ran import (
    effective_lines,
    failure_lines,
    floor_lines,
    held_lines,
    timing_lines,
    trust_lines,
)
from edgeprof_agent.commands.view.remote import remote_lines
from edgeprof_agent.commands.view.words import labelled


class Stages:
    """One line that is written over on a terminal; one line a stage elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._last = ""

    def __enter__(self) -> "Stages":
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def show(self, stage: str, fraction: float | None, note: str) -> None:
        share = f" {fraction:.0%}" if fraction is not None else ""
        text = f"{stage.replace('_', ' ')}{share}{': ' + note if note else ''}"
        if self._live:
            # A line that wraps cannot be written over.
            self._stream.write(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}")
        elif stage != self._last:
            self._stream.write(f"{text}\n")
        self._last = stage
        self._stream.flush()


def report(result: Result) -> str:
    """The result for a person: who, whether to trust it, what ran, the figures, how they were come by."""
    return "\n".join(_lines(result))


def _lines(result: Result) -> Iterator[str]:
    yield f"{result.model_name}  (model {result.model_id[:12]}, configuration {result.config_key[:8]})"
    if result.protocol.label:
        yield from labelled("run label", clean(result.protocol.label))
    if result.failure is not None:
        yield from failure_lines(result.failure)
        return
    yield from trust_lines(result.trust)
    if result.effective is not None:
        yield from effective_lines(result.effective)
    yield from remote_lines(result.remote)
    yield from figure_lines(result.metrics, result.absent)
    yield from memory_lines(result.memory)
    yield from energy_lines(result.energy)
    yield from sweep_lines(result.points)
    yield from open_loop_lines(result.open_loop, result.metrics)
    yield from soak_lines(result.soak)
    yield from _circumstances(result)


def _circumstances(result: Result) -> Iterator[str]:
    yield ""
    yield from timing_lines(result.timing, result.protocol)
    yield from cold_lines(result.cold_start)
    yield from conditions_lines(result.conditions, result.before, result.after)
    yield from footprint_lines(result.footprint)
    yield from held_lines(result.isolation)
    yield from floor_lines(result.noise_floor, result.model_id, result.config_key)
