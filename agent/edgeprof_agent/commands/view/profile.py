"""What `edgeprof profile` shows: a live line while it measures, then the result as text."""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from typing import TextIO

from edgeprof.tables.figures import clean
from edgeprof.tables.trust import is_held_back_by_quota
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
    trap_lines,
    trust_lines,
)
from edgeprof_agent.commands.view.remote import remote_lines
from edgeprof_agent.commands.view.words import labelled
from edgeprof_agent.worker_protocol.reason import short_reason


class Stages:
    """One line that is written over on a terminal; elsewhere one line a stage, those of a second start left out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._told: set[str] = set()

    def __enter__(self) -> "Stages":
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Before a line that is to stay."""
        if self._live:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def show(self, stage: str, fraction: float | None, note: str) -> None:
        share = f" {fraction:.0%}" if fraction is not None else ""
        text = f"{stage.replace('_', ' ')}{share}{': ' + note if note else ''}"
        if self._live:
            # A line that wraps cannot be written over.
            self._stream.write(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}")
        elif stage not in self._told:
            self._stream.write(f"{text}\n")
        self._told.add(stage)
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
    yield from _shown(
        ("trust", lambda: trust_lines(result.trust)),
        ("what ran", lambda: effective_lines(result.effective) if result.effective is not None else ()),
        ("the endpoint", lambda: remote_lines(result.remote)),
        (
            "figures",
            lambda: figure_lines(result.metrics, result.absent, mean_first=is_held_back_by_quota(result.trust)),
        ),
        ("known traps", lambda: trap_lines(result.traps)),
        ("memory", lambda: memory_lines(result.memory)),
        ("energy", lambda: energy_lines(result.energy)),
        ("the sweep", lambda: sweep_lines(result.points)),
        ("the open loop", lambda: open_loop_lines(result.open_loop, result.metrics)),
        ("the soak", lambda: soak_lines(result.soak)),
        ("circumstances", lambda: _circumstances(result)),
    )


def _shown(*sections: tuple[str, Callable[[], Iterable[str]]]) -> Iterator[str]:
    """Each section for itself: one that cannot be shown says so and hides no other."""
    for name, section in sections:
        try:
            yield from list(section())
        except Exception as error:
            yield from labelled(name, f"cannot be shown: {short_reason(error)}; --json has the whole result")


def _circumstances(result: Result) -> Iterator[str]:
    yield ""
    yield from _shown(
        ("timing", lambda: timing_lines(result.timing, result.protocol)),
        ("cold start", lambda: cold_lines(result.cold_start)),
        ("conditions", lambda: conditions_lines(result.conditions, result.before, result.after)),
        ("footprint", lambda: footprint_lines(result.footprint)),
        ("isolation", lambda: held_lines(result.isolation)),
        ("noise floor", lambda: floor_lines(result.noise_floor, result.model_id, result.config_key)),
    )
