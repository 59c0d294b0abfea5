"""Set-ups as a table for a terminal: a row each, never wider than the terminal, and the names that it uses. Pure."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from edgeprof.tables import figures
from edgeprof.tables.columns import GAP, line_of, padded, width_of, widths_of
from edgeprof.tables.headline import Kind
from edgeprof.tables.setups.names import cut_all, cut_middle, threads_text
from edgeprof.tables.setups.rows import Figure, SetupRow
from edgeprof.tables.trust import named

MIN_WIDTH = 40
MIN_NAME = 24
"""Of a name, before columns give way to it."""
NONE = "-"
_WITH_INTERVAL = ("latency_p50_ms", "prefill_tokens_per_s", "decode_tokens_per_s")
_MAX_DEVICE = 20

Paint = Callable[[str, str], str]
"""(badge, style) -> the badge, perhaps with colour; the styles are `good`, `doubt`, `bad`."""


class Shown(NamedTuple):
    """The table's lines, and the name of each row as it stands there."""

    lines: list[str]
    names: list[str]


@dataclass(frozen=True)
class _Column:
    """`metric` empty: a fact of the set-up, flush left."""

    key: str
    header: str
    cells: tuple[str, ...]
    is_left: bool = False


@dataclass(frozen=True)
class _Fit:
    """What gives way, and how wide a name is then."""

    dropped: frozenset[str] = frozenset()
    is_badge_short: bool = False


def render_rows(rows: Sequence[SetupRow], width: int, paint: Paint = lambda text, _: text) -> Shown:
    """One table for each kind of model, at most `width` cells wide (40 at least), in the order of the rows."""
    width = max(width, MIN_WIDTH)
    lines: list[str] = []
    names: dict[int, str] = {}
    for kind in kinds_of(rows):
        found = [(index, row) for index, row in enumerate(rows) if row.kind == kind]
        table = _table([row for _, row in found], kind, width, paint)
        lines += [*([""] if lines else []), *table.lines]
        names |= {index: name for (index, _), name in zip(found, table.names, strict=True)}
    return Shown(lines, [names[index] for index in range(len(rows))])


def kinds_of(rows: Sequence[SetupRow]) -> list[Kind]:
    """Each kind of model once, in the order of the rows."""
    found: list[Kind] = []
    for row in rows:
        if row.kind not in found:
            found.append(row.kind)
    return found


def columns_of(rows: Sequence[SetupRow], kind: Kind, is_badge_short: bool = False) -> list[_Column]:
    """Every column but the name's, in order. A metric that no row has makes none, except the first."""
    found = [
        _Column("device", "device", tuple(cut_middle(figures.clean(row.device), _MAX_DEVICE) for row in rows), True),
        _Column("runtime", "runtime", tuple(figures.clean(row.runtime) for row in rows), True),
        _Column("threads", "threads", tuple(str(row.threads or "all") for row in rows)),
        *(_measured(rows, *one) for one in _metrics_of(rows, kind)),
        _Column("badge", "badge", tuple(badge_of(row, is_badge_short) for row in rows), True),
    ]
    empty = {"device", "latency_p95_ms", "ttft_ms", "energy"}
    return [one for one in found if one.key not in empty or any(cell not in ("", NONE) for cell in one.cells)]


def badge_of(row: SetupRow, is_short: bool = False) -> str:
    """`clean`, `busy, noisy`, `busy +1`; with the runs that failed. Empty where nothing ran."""
    causes = [named(cause) for cause in row.marks]
    text = "clean" if row.measured else ""
    if causes:
        text = ", ".join(causes) if len(causes) < 3 and not is_short else causes[0]
        hidden = len(causes) - text.count(", ") - 1
        text += f" +{hidden}" if hidden else ""
    elif row.measured and row.unjudged == row.measured:
        text = "not judged"
    failed = f"{row.failed} of {row.failed + row.measured} failed" if row.measured and row.failed else ""
    return "; ".join(part for part in (text, failed) if part)


def style_of(row: SetupRow) -> str:
    """How good the news of a row are: `good`, `doubt` or `bad`."""
    if row.failed:
        return "bad"
    return "good" if row.measured > row.unjudged and not row.marks else "doubt"


def status_of(row: SetupRow) -> str:
    """What stands where the figures would: `failed: out_of_memory`, `not run`."""
    return f"failed: {row.failure_code}" if row.failed else "not run"


def spans_of(rows: Sequence[SetupRow]) -> str:
    """What the ± in the table are; empty where no figure has one."""
    spans = {row.span for row in rows if any(_half(row.figures.get(metric)) for metric in _WITH_INTERVAL)} - {""}
    words = {
        "95 % within the run": "the 95 % interval within the run",
        "95 % over runs": "the 95 % interval over runs",
        "range of the runs": "the range of the runs (95 % from 6 runs on)",
    }
    return f"±: half of {' or '.join(words[span] for span in words if span in spans)}." if spans else ""


def _metrics_of(rows: Sequence[SetupRow], kind: Kind) -> list[tuple[str, str, str, bool]]:
    """(key, metric, header, whether with its interval)"""
    if kind == "inference":
        return [
            ("lead", "latency_p50_ms", "p50 ms", True),
            ("latency_p95_ms", "latency_p95_ms", "p95", False),
            ("memory", "peak_memory_mib", "MiB", False),
            ("energy", "energy_per_inference_j", "energy", False),
        ]
    config = rows[0].config
    depth = f"@{config.depth_tokens}" if config.depth_tokens else ""
    return [
        ("prefill", "prefill_tokens_per_s", f"pp{config.prompt_tokens} tok/s", True),
        ("lead", "decode_tokens_per_s", f"tg{config.decode_tokens}{depth} tok/s", True),
        ("ttft_ms", "ttft_ms", "TTFT ms", False),
        ("memory", "peak_memory_mib", "MiB", False),
        ("energy", "energy_per_token_j", "energy/tok", False),
    ]


def _measured(rows: Sequence[SetupRow], key: str, metric: str, header: str, with_interval: bool) -> _Column:
    found = [row.figures.get(metric) for row in rows]
    shown = figures.energy if metric.endswith("_j") else figures.number
    values = [NONE if one is None else shown(one.value) for one in found]
    halves = [_half(one) for one in found] if with_interval else [""] * len(found)
    widest = max(map(len, halves))
    cells = (f"{value} {half:>{widest}}" if widest else value for value, half in zip(values, halves, strict=True))
    return _Column(key, header, tuple(cells))


def _half(one: Figure | None) -> str:
    """`±0.4 %`, `±12 %`"""
    if one is None or one.half_width is None:
        return ""
    points = 100 * one.half_width
    return f"±{max(points, 0.1):.1f} %" if points < 9.95 else f"±{points:,.0f} %"


def _table(rows: Sequence[SetupRow], kind: Kind, width: int, paint: Paint) -> Shown:
    fit = _fit(rows, kind, width)
    columns = _kept(rows, kind, fit)
    facts, measured = [one for one in columns if one.key in _FACTS], [one for one in columns if one.key not in _FACTS]
    others = _width(facts) + max(_width(measured), max(width_of(GAP + status_of(row)) for row in rows))
    names = cut_all([figures.clean(row.name) for row in rows], max(8, width - others))
    head = "model" if any(row.device for row in rows) else "set-up"
    left = [_Column("name", head, tuple(names), is_left=True), *facts]
    left = sorted(left, key=lambda one: one.key != "device")  # the device stands before the model
    lines = [_line(left, measured, -1, None, paint)]
    lines += [_line(left, measured, index, row, paint) for index, row in enumerate(rows)]
    caption = " ".join(text for text in (*_same(rows, fit), spans_of(rows)) if text)
    return Shown([*lines, *textwrap.wrap(caption, width)], names)


_FACTS = ("device", "runtime", "threads")


def _line(left: Sequence[_Column], measured: Sequence[_Column], index: int, row: SetupRow | None, paint: Paint) -> str:
    """A row, or the header where there is none."""
    facts = [_cell(one, index) for one in left]
    if row is not None and not row.measured:
        return GAP.join([*facts, paint(status_of(row), style_of(row))])
    *figures_, badge = measured
    last = badge.header if row is None else paint(badge.cells[index], style_of(row))
    return GAP.join([*facts, *(_cell(one, index) for one in figures_), last]).rstrip()


def _cell(one: _Column, index: int) -> str:
    text = one.header if index < 0 else one.cells[index]
    (size,) = widths_of([[one.header], *([cell] for cell in one.cells)])
    return padded(text, size) if one.is_left else line_of([text], [size], left=0)


def _width(columns: Sequence[_Column]) -> int:
    return sum(width_of(GAP) + max(map(width_of, (one.header, *one.cells))) for one in columns)


def _fit(rows: Sequence[SetupRow], kind: Kind, width: int) -> _Fit:
    """Columns give way: first those that the names or the line below the table tell, then a long name, then others."""
    longest = max(width_of(row.name) for row in rows)
    same = [key for key in ("runtime", "threads") if len({_fact(row, key) for row in rows}) == 1]
    named = [key for key in ("threads", "runtime") if any(_fact(row, key) in row.name for row in rows)]
    steps: list[tuple[Callable[[_Fit], _Fit], int]] = [
        *((_without(key), longest) for key in ("latency_p95_ms", "ttft_ms", *same, *named)),
        (_with_short_badge, min(longest, MIN_NAME)),
        *((_without(key), min(longest, MIN_NAME)) for key in ("runtime", "threads")),
    ]
    fit = _Fit()
    for step, wanted in steps:
        if width - _width(_kept(rows, kind, fit)) < wanted:
            fit = step(fit)
    return fit


def _with_short_badge(fit: _Fit) -> _Fit:
    return replace(fit, is_badge_short=True)


def _without(key: str) -> Callable[[_Fit], _Fit]:
    return lambda fit: replace(fit, dropped=fit.dropped | {key})


def _kept(rows: Sequence[SetupRow], kind: Kind, fit: _Fit) -> list[_Column]:
    return [one for one in columns_of(rows, kind, fit.is_badge_short) if one.key not in fit.dropped]


def _fact(row: SetupRow, key: str) -> str:
    return row.runtime if key == "runtime" else threads_text(row.threads)


def _same(rows: Sequence[SetupRow], fit: _Fit) -> list[str]:
    """What a dropped column would have said, where it is the same in every row."""
    found: Mapping[str, set[str]] = {
        key: {_fact(row, key) for row in rows} for key in ("runtime", "threads") if key in fit.dropped
    }
    texts = [next(iter(values)) for values in found.values() if len(values) == 1]
    return [f"All: {figures.clean(', '.join(texts))}."] if texts else []
