"""What came of an optimization, as text and as JSON. Pure."""

from pathlib import Path

import msgspec

from edgeprof.optimizing.run import Choice, Outcome
from edgeprof.optimizing.variants import EQUAL_WITHIN, VariantRow
from edgeprof.profiler import words
from edgeprof.profiler.profiles import ProfileFigure
from edgeprof.tables.columns import table
from edgeprof.wire.metrics import METRICS

_KIB, _MIB = 1024, 1024 * 1024


def text_of(outcome: Outcome) -> str:
    """A table and a verdict for each device, then what could not be made."""
    parts = [_choice(choice, outcome) for choice in outcome.choices]
    if outcome.missing:
        parts.append("\n".join(["No file from:", *(f"  {title}: {why}." for title, why in outcome.missing)]))
    parts.append("\n".join(_footnotes(outcome)))
    return "\n\n".join(parts)


def json_of(outcome: Outcome) -> bytes:
    """The same as a document; times in ms, memory in MiB."""
    return msgspec.json.format(msgspec.json.encode({"optimization": 1, **msgspec.to_builtins(outcome)})) + b"\n"


def verdict_of(choice: Choice) -> str:
    """Which file to ship on this device, and why."""
    ship = choice.ship
    if ship is None:
        return f"{choice.device}: the source has no measured run, so nothing is compared."
    if ship.is_source:
        return _nothing_better(choice)
    assert choice.again is not None
    assert choice.again.speedup is not None
    ratio, low, high = choice.again.speedup
    gate = "It passes its gate." if ship.gate == "passes" else "No gate judges its answers."
    return (
        f"Ship {Path(ship.model).name} on {choice.device}: {ratio:.2f} times as fast as the source "
        f"({low:.2f} to {high:.2f}), in a second measurement. {gate}"
    )


def _nothing_better(choice: Choice) -> str:
    faster = [row for row in choice.rows if row.outcome == "faster" and not row.may_ship]
    if choice.winner is not None:
        return (
            f"Ship the source on {choice.device}: {choice.winner.title} looked faster, "
            "and a second measurement did not show it."
        )
    if faster:
        names = ", ".join(f"{row.title} ({row.gate})" for row in faster)
        return (
            f"Ship the source on {choice.device}. Faster, but not held by the gate: {names}. "
            "More items or a wider margin decide what is undecided."
        )
    return f"Ship the source on {choice.device}: no variant is shown to be faster."


def _choice(choice: Choice, outcome: Outcome) -> str:
    header = ["", "variant", "size", "time [ms]", "times as fast", "peak MiB", _quality_title(choice), "gate", "note"]
    rows = [header, *(_row(row) for row in choice.rows)]
    kept = [place for place, _ in enumerate(header) if place < 2 or any(row[place] for row in rows[1:])]
    lines = table([[row[place] for place in kept] for row in rows], left=2)
    return "\n".join([f"{outcome.source} on {choice.device}", "", *lines, "", verdict_of(choice)])


def _quality_title(choice: Choice) -> str:
    quality = next((row.quality for row in choice.rows if row.quality is not None), None)
    return "" if quality is None else f"{METRICS[quality.metric].title} [{quality.unit}]"


def _row(row: VariantRow) -> list[str]:
    return [
        "*" if row.on_front else "",
        row.title,
        _size(row.size_bytes),
        _with_interval(row.time),
        _speedup(row),
        words.value_text(row.memory) if row.memory else "",
        _with_interval(row.quality),
        row.gate,
        ", ".join(row.worse) or row.reason,
    ]


def _size(size_bytes: int) -> str:
    return f"{size_bytes / _MIB:,.1f} MiB" if size_bytes >= _MIB else f"{size_bytes / _KIB:,.0f} KiB"


def _with_interval(figure: ProfileFigure | None) -> str:
    if figure is None:
        return ""
    span = words.interval_text(figure)
    return f"{words.value_text(figure)} ({span})" if span else words.value_text(figure)


def _speedup(row: VariantRow) -> str:
    if row.is_source:
        return "1"
    if row.speedup is None or row.outcome not in ("faster", "slower"):
        return row.outcome
    ratio, low, high = row.speedup
    return f"{ratio:.2f} ({low:.2f}–{high:.2f})"


def _footnotes(outcome: Outcome) -> list[str]:
    lines = [
        "* Pareto front: no other file is as good in time, memory, size and quality, and better in one.",
        f"  Times, memory and sizes within {100 * EQUAL_WITHIN:g} % count as equal.",
    ]
    if outcome.split is not None:
        split = outcome.split
        calibrated = f"; the last {split.calibrating} calibrated" if split.calibrating else ""
        lines.append(f"Quality on the first {split.scored} items of {split.set_name}{calibrated}.")
    if outcome.requantized:
        lines.append("The source is quantized itself: what that lost is lost in every file. Start from a float file.")
    lines += [f"Gate: {gate}" for gate in outcome.gates]
    if not outcome.gates:
        lines.append("No gate: the answers were not judged. Name a set with --set.")
    return lines
