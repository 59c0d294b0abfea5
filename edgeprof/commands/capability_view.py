"""The capability report for a terminal: tasks are rows and models columns; where it is narrow, a line a model."""

import textwrap
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import takewhile

from edgeprof.commands.capability_findings import DASH, context_lines, drop_line, few_shot, group_line, source_line
from edgeprof.quality.alarms import KL_ALARM_NATS, divergence_alarm
from edgeprof.quality.capability import ASSUMED_DISCORDANCE, CapabilityRow
from edgeprof.quality.capability_report import CapabilityReport
from edgeprof.tables.columns import line_of, table, width_of, widths_of
from edgeprof.tables.figures import clean
from edgeprof.wire.metrics import METRICS

MIN_WIDTH, MAX_WIDTH = 80, 130
MIN_COMMON = 4
"""Characters that names must share to have them said once."""
_SUFFIXES = (".gguf", ".onnx", ".tflite", ".ort")
EMPTY = "No evaluation yet. Make one with `edgeprof evaluate MODEL --set NAME --out FOLDER`.\n"
_NOT_MEASURED = "not measured"


def capability_text(report: CapabilityReport, width: int) -> str:
    """The whole report, at most `width` cells wide (80 at least), with a line feed at the end."""
    if not report.rows:
        return EMPTY
    width = min(max(width, MIN_WIDTH), MAX_WIDTH)
    parts = ["\n".join(_block(device, rows, width)) for device, rows in _by_device(report.rows)]
    for title, lines in (
        ("Effective context", context_lines(report)),
        ("Perturbed against the parent set", [drop_line(each) for each in report.drops]),
        ("Against the source", [source_line(each) for each in report.against_source]),
        ("Agreement within groups", [group_line(each) for each in report.groups]),
    ):
        if lines:
            parts.append("\n".join([title, *(one for line in lines for one in _wrapped(line, width))]))
    parts.append("\n".join(_legend(report, width)))
    return "\n\n".join(parts) + "\n"


def _by_device(rows: Sequence[CapabilityRow]) -> Iterator[tuple[str, list[CapabilityRow]]]:
    for device in dict.fromkeys(row.device for row in rows):
        yield device, [row for row in rows if row.device == device]


def _block(device: str, rows: Sequence[CapabilityRow], width: int) -> list[str]:
    said = {metric_of(row) for row in rows}, {row.language for row in rows}
    heads = [*(one for values in said if len(values) == 1 for one in values)]
    tasks: dict[str, list[CapabilityRow]] = {}
    for row in rows:
        tasks.setdefault(_task_label(row, hidden=heads), []).append(row)
    common, names = short_names(list(dict.fromkeys((row.model, row.runtime) for row in rows)))
    lines = _matrix(tasks, names, width)
    if lines is None:
        lines = list(_list(tasks, names, width))
    about = ", ".join(part for part in (common, *heads) if part)
    return [*_wrapped(f"{clean(device) or 'this machine'}: {about}", width, indent=0), *lines]


Names = Mapping[tuple[str, str], str]
"""The head of a column by model and runtime."""


def short_names(models: Sequence[tuple[str, str]]) -> tuple[str, Names]:
    """What all models have in common, and what tells each from the others.

    >>> short_names([("a-1b.Q4_0.gguf", "llama-capi"), ("a-1b.Q8_0.gguf", "llama-capi")])[0]
    'a-1b, llama-capi'
    """
    bare = {model: clean(model.rpartition(".")[0] if model.endswith(_SUFFIXES) else model) for model, _ in models}
    runtimes = {runtime for _, runtime in models}
    alike = takewhile(lambda chars: len(set(chars)) == 1, zip(*bare.values(), strict=False))
    start = "".join(chars[0] for chars in alike) if len(set(bare.values())) > 1 else ""
    cut = max(start.rfind(mark) + 1 for mark in ".- ")
    cut = cut if cut >= MIN_COMMON else 0
    shared = [start[:cut].rstrip(".- "), runtimes.pop() if len(runtimes) == 1 else ""]
    has_runtime = bool(runtimes)
    names = {
        (model, runtime): f"{bare[model][cut:]}{f' ({clean(runtime)})' if has_runtime else ''}"
        for model, runtime in models
    }
    return ", ".join(clean(part) for part in shared if part), names


def _matrix(tasks: Mapping[str, list[CapabilityRow]], names: Names, width: int) -> list[str] | None:
    """A row a task; None where it is wider than the terminal. n stands once where all models have it."""
    head = ["", "n", "shows", *names.values()]
    body: list[list[str]] = []
    below: list[list[str]] = []
    for label, rows in tasks.items():
        counts = {row.n for row in rows}
        cells = {(row.model, row.runtime): _cell(row, show_n=len(counts) > 1) for row in rows}
        common = rows[0] if len(counts) == 1 else None
        body.append([label, f"{common.n:,}" if common else "", _shows(common) if common else ""])
        body[-1] += [cells.get(model, "") for model in names]
        below.append(_few_shot_lines(rows, names))
    widths = widths_of([head, *body])
    if sum(widths) + 2 * len(widths) > width:
        return None
    lines = [f"  {line_of(head, widths)}"]
    for row, more in zip(body, below, strict=True):
        lines.append(f"  {line_of(row, widths)}")
        lines += [one for line in more for one in _wrapped(line, width)]
    return lines


def _list(tasks: Mapping[str, list[CapabilityRow]], names: Names, width: int) -> Iterator[str]:
    for label, rows in tasks.items():
        yield from _wrapped(label, width, indent=2)
        figures = [
            (names[row.model, row.runtime], _cell(row, show_n=False), f"n {row.n:,}", _shown_in_list(row))
            for row in rows
        ]
        lines = list(table(figures, left=1, indent=4))
        if all(width_of(line) <= width for line in lines):
            yield from lines
        else:
            for name, *rest in figures:
                yield from _wrapped(name, width, indent=4)
                yield "      " + "  ".join(part for part in rest if part)
        for line in _few_shot_lines(rows, names):
            yield from _wrapped(line, width)


def metric_of(row: CapabilityRow) -> str:
    """The metric's title with its unit, as `Accuracy in %`."""
    if row.metric not in METRICS:
        return clean(row.metric)
    metric = METRICS[row.metric]
    return f"{metric.title} in {metric.unit}" if metric.unit else metric.title


def _task_label(row: CapabilityRow, hidden: Collection[str] = ()) -> str:
    """What is asked; `hidden` stands in the heading of the block."""
    parts = [
        clean(row.set_name),
        f"{row.context_tokens:,} tokens" if row.context_tokens else "",
        f"{row.shots} shot{'s' * (row.shots > 1)}" if row.shots else "",
        *(part for part in (metric_of(row), row.language) if part not in hidden),
        "" if row.chance_percent is None else f"chance level {row.chance_percent:.3g} %",
        clean(row.perturbation) if row.perturbation and "+" not in row.set_name else "",
    ]
    return ", ".join(part for part in parts if part)


def _cell(row: CapabilityRow, show_n: bool) -> str:
    if row.value is None:
        return _NOT_MEASURED
    count = f" n {row.n:,}" if show_n else ""
    count += " !" if divergence_alarm(row.metric, row.value) else ""
    if row.ci_low is None or row.ci_high is None:
        return f"{_figure(row.value)}{count}"
    return f"{_figure(row.value)} ({_end(row.ci_low)}{DASH}{_end(row.ci_high)}){count}"


def _shows(row: CapabilityRow) -> str:
    return "" if row.smallest_difference is None else f"≥ {row.smallest_difference:.1f}"


def _shown_in_list(row: CapabilityRow) -> str:
    return f"shows {_shows(row)}" if _shows(row) else ""


def _few_shot_lines(rows: Sequence[CapabilityRow], names: Names) -> list[str]:
    return [f"{names[row.model, row.runtime]}: {few_shot(row.shots, row.few_shot)}" for row in rows if row.few_shot]


def _legend(report: CapabilityReport, width: int) -> Iterator[str]:
    yield from textwrap.wrap(
        "Figures with their 95 % intervals. "
        "shows: the smallest difference of two models, in points, that n items show in 4 of 5 cases. "
        f"It assumes that the models differ on {100 * ASSUMED_DISCORDANCE:g} % of the items.",
        width,
    )
    if any(row.value is not None and divergence_alarm(row.metric, row.value) for row in report.rows):
        yield from textwrap.wrap(
            f"!: alarm, {KL_ALARM_NATS:g} nats or more from the source. Below it the divergence ranks nothing.", width
        )
    if report.contexts:
        share = report.contexts[0].context.threshold
        yield from textwrap.wrap(
            f"Effective context: the longest length with at least {100 * share:g} % right there and at every shorter "
            "one; in brackets its 95 % interval. Lengths are nominal, 4 characters a token.",
            width,
        )
    for note in report.notes:
        yield from textwrap.wrap(note, width, subsequent_indent="  ")
    for row in report.rows:
        if row.absent:
            about = f"{_task_label(row, (metric_of(row), row.language))}, {clean(row.model)} on {clean(row.device)}"
            reason = f"{about}: {_NOT_MEASURED}: {clean(row.absent)}"
            yield from textwrap.wrap(reason, width, subsequent_indent="  ")


def _wrapped(text: str, width: int, indent: int = 4) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2))


def _figure(value: float) -> str:
    return f"{value:.1f}" if abs(value) < 1_000 else f"{value:,.0f}"


def _end(value: float) -> str:
    """An end of an interval: in whole points, where it is a share of two digits or more."""
    return f"{value:.0f}" if abs(value) >= 10 or value == 0 else f"{value:.1f}"
