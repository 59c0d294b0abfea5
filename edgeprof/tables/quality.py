"""Evaluations for a terminal: quality, gate and drift of each set-up, next to its speed and cost. Pure."""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import groupby

from edgeprof.tables import figures, quality_words
from edgeprof.tables.columns import GAP, line_of, widths_of
from edgeprof.wire.figures import MetricRow
from edgeprof.wire.metrics import METRICS
from edgeprof.wire.quality import DriftKind, QualityRow, VerdictState

MIN_WIDTH = 80
MAX_WIDTH = 130
GIVEN_UP = ("can show", "cost", "drift")
"""Columns that a terminal loses, in this order, where the table is too wide."""
EMPTY = "No evaluation yet. Make one with `edgeprof flash MODEL --evaluate NAME`.\n"
NONE = "–"
GATES: dict[VerdictState, str] = {
    "passes": "✓ passes",
    "fails": "✕ fails",
    "undecided": "? undecided",
    "reference": "reference",
}
DRIFTS: dict[DriftKind, str] = {
    "same": "same",
    "scores_differ": "≠ scores",
    "answers_differ": "≠ answers",
    "quality_differs": "≠ quality",
    "collapsed": "≠ collapsed",
    "not_comparable": "not comparable",
}
SPEEDS = {"latency_p50_ms": "p50 ms", "decode_tokens_per_s": "decode tok/s"}
UNITS = {"1,000 inferences": "$/1,000", "1M tokens": "$/1M tok"}
Cells = dict[str, str]
"""The texts of a line by the name of their column."""


def render_quality(rows: Sequence[QualityRow], without: Iterable[str] = (), width: int = 110) -> str:
    """The whole table, at most `width` cells wide (80 at least). `without`: names of variants that answered no set."""
    width = max(MIN_WIDTH, min(width, MAX_WIDTH))
    rows = _with_distinct_sets(rows)
    names = ", ".join(figures.clean(name) for name in without)
    missing = _wrapped(f"No set evaluated: {names}.", width, "  ") if names else []
    if not rows:
        return EMPTY + "".join(f"{line}\n" for line in missing)
    places = _places(rows)
    blocks = [
        _block(title, sorted(found, key=lambda row: bool(row.unreal)), places, width)
        for title, found in groupby(rows, key=lambda row: (row.family, row.set_name, row.shots, row.metric))
    ]
    legend = [line for text in _legend(rows, places) for line in _wrapped(text, width, "  ")]
    return "\n\n".join("\n".join(part) for part in (*blocks, missing, legend) if part) + "\n"


def _with_distinct_sets(rows: Sequence[QualityRow]) -> list[QualityRow]:
    """With the start of its id in a set's name where two sets of a family share one, and each set's rows together."""
    ids: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        ids.setdefault((row.family, row.set_name), set()).add(row.set_id)
    named = [
        replace(row, set_name=f"{row.set_name} {row.set_id[:8]}") if len(ids[row.family, row.set_name]) > 1 else row
        for row in rows
    ]
    places = {
        key: place for place, key in reversed([*enumerate((row.family, row.set_name, row.shots) for row in named)])
    }
    return sorted(named, key=lambda row: places[row.family, row.set_name, row.shots])


def quality_json(rows: Sequence[QualityRow]) -> str:
    """The document that `GET /api/v1/quality` answers, indented."""
    return json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _places(rows: Iterable[QualityRow]) -> Mapping[tuple[str, str, int], int]:
    """In how many runtime versions and architectures each model really answered each set."""
    seen = {(row.model_id, row.set_id, row.shots, row.runtime, row.architecture) for row in rows if not row.unreal}
    found: dict[tuple[str, str, int], int] = {}
    for model_id, set_id, shots, _, _ in seen:
        found[model_id, set_id, shots] = found.get((model_id, set_id, shots), 0) + 1
    return found


def _block(
    title: tuple[str, str, int, str],
    rows: Sequence[QualityRow],
    places: Mapping[tuple[str, str, int], int],
    width: int,
) -> list[str]:
    """One family on one set: a heading, the columns, and below each set-up what its verdicts rest on."""
    family, set_name, shots, metric = title
    headers = _headers(metric, rows)
    cells = [_cells(row, places) for row in rows]
    columns = [name for name in headers if any(each[name] != NONE for each in cells)]
    for dropped in GIVEN_UP:
        widths = widths_of([[headers[name] for name in columns], *([each[name] for name in columns] for each in cells)])
        if len(GAP) * len(columns) + sum(widths) + 2 <= width:
            break
        columns = [name for name in columns if name != dropped]
    widths = widths_of([[headers[name] for name in columns], *([each[name] for name in columns] for each in cells)])
    examples = f", {shots} example{'s' * (shots > 1)}" if shots else ""
    on = f"{figures.clean(family)} on {figures.clean(set_name)}{examples}"
    lines = [on, f"{GAP}{GAP}{line_of([headers[name] for name in columns], widths, left=0)}"]
    for row, each in zip(rows, cells, strict=True):
        emulated = "~ " if row.unreal else ""
        label = f"{emulated}{row.variant} · {row.runtime} · {row.device}"
        lines += [*_wrapped(figures.clean(label), width, GAP, GAP)]
        lines.append(f"{GAP}{GAP}{line_of([each[name] for name in columns], widths, left=0)}")
        lines += [line for text in _below(row) for line in _wrapped(figures.clean(text), width, " " * 8, " " * 6)]
    return lines


def _headers(metric: str, rows: Sequence[QualityRow]) -> dict[str, str]:
    known = METRICS.get(metric)
    title = f"{known.title} {known.unit}".rstrip() if known else metric
    speeds = {SPEEDS.get(row.speed_metric, row.speed_metric) for row in rows if row.speed_metric} or {"speed"}
    costs = {UNITS.get(row.usd_unit, row.usd_unit) for row in rows if row.usd_unit} or {"$"}
    return {
        "figure": title,
        "n": "n",
        "can show": "can show",
        "gate": "gate",
        "drift": "drift",
        "speed": " / ".join(sorted(speeds)),
        "cost": " / ".join(sorted(costs)),
        "right": "$/1,000 right",
    }


def _cells(row: QualityRow, places: Mapping[tuple[str, str, int], int]) -> Cells:
    metric = MetricRow(metric=row.metric, value=row.value, n=row.n, ci_low=row.ci_low, ci_high=row.ci_high)
    interval = figures.interval(metric)
    correct = row.correct.usd_per_1000 if row.correct else None
    return {
        "figure": f"{figures.figure(metric)}{f' ({interval})' if interval else ''}",
        "n": f"{row.n:,}",
        "can show": NONE if row.smallest_difference is None else f"≥ {max(row.smallest_difference, 0.1):.1f}",
        "gate": "not counted" if row.unreal else GATES[row.gate] if row.gate else "no gate",
        "drift": _drift(row, places),
        "speed": NONE if row.speed is None else figures.number(row.speed),
        "cost": NONE if row.usd is None else figures.usd(row.usd),
        "right": NONE if correct is None else figures.usd(correct),
    }


def _drift(row: QualityRow, places: Mapping[tuple[str, str, int], int]) -> str:
    if row.unreal:
        return "not counted"
    if row.drift is not None:
        return DRIFTS[row.drift]
    return "baseline" if places.get((row.model_id, row.set_id, row.shots), 0) > 1 else "not compared"


def _below(row: QualityRow) -> tuple[str, ...]:
    """The reasons of gate and drift. A reference and a drift that is none speak for themselves."""
    if row.unreal:
        return ()
    gates = row.gate_sentences if row.gate in ("passes", "fails", "undecided") else ()
    return (*gates, row.drift_sentence) if row.drift in quality_words.DRIFTS and row.drift_sentence else gates


def _legend(rows: Sequence[QualityRow], places: Mapping[tuple[str, str, int], int]) -> list[str]:
    """What stands in the table and needs a word."""
    real = [row for row in rows if not row.unreal]
    drifts = {_drift(row, places) for row in real}
    found = ["Intervals are of 95 %. n: items answered."]
    if any(row.smallest_difference is not None for row in rows):
        found.append(
            "can show: points by which another model must differ before n items show it (power 80 %), if both differ "
            "on as few items as possible."
        )
    if any(row.gate for row in real):
        found.append(
            "gate: of this variant in this runtime on this architecture. reference: the others are compared with it, "
            "item by item. undecided: the items show neither pass nor failure."
        )
    if "not compared" in drifts:
        found.append("not compared: no other architecture or runtime version has answered this set with this model.")
    if any(row.unreal for row in rows):
        found.append("~ emulated or replayed: its answers are another machine's. No gate, drift or cost counts them.")
    if any(row.correct for row in rows):
        found.append("$/1,000 right: cost of 1,000 inferences over the share of right answers.")
    if any(row.usd_unit == "1M tokens" for row in rows):
        found.append("A cost by the token has no cost of a right answer: answers differ in length.")
    if any(row.speed is None for row in rows):
        found.append(f"{NONE} not measured in this set-up. `edgeprof flash` without --evaluate-only measures it.")
    return found


def _wrapped(text: str, width: int, indent: str, first: str = "") -> list[str]:
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
