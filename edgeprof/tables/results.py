"""The newest results as a list, in a terminal, as Markdown, CSV and JSON; and the headline of one."""

import csv
import io
import json
import time
from collections.abc import Sequence
from dataclasses import asdict

from edgeprof.tables import columns, durations, figures, trust
from edgeprof.tables.export import defused
from edgeprof.tables.figures import clean
from edgeprof.tables.markdown import escape
from edgeprof.wire import rest
from edgeprof.wire.messages import MetricRow
from edgeprof.wire.metrics import METRICS

FORMATS = ("table", "csv", "md", "json")
EMPTY = "No result matches."
HEADERS = ("figure (95 % interval)", "", "model", "device", "received", "result")
MAX_MODEL_CHARS = 30
MAX_DEVICE_CHARS = 26
"""Of a line in a terminal, so that the id at its end can be copied whole."""
CSV_HEADER = (
    *("result_id", "received_s", "device_id", "device", "device_tag", "model_id", "model", "family", "quantization"),
    *("runtime", "threads", "evaluation_set", "status", "failure_code", "metric", "value", "unit", "ci_low", "ci_high"),
    *("n", "trust"),
)


def render_runs(lines: Sequence[rest.RunLine], kind: str, now_s: float) -> str:
    """The list in one of `FORMATS`; ends in a line feed. `now_s`: what ages are counted from."""
    if kind == "json":
        return json.dumps([asdict(line) for line in lines], indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if kind == "csv":
        return _csv(lines)
    if not lines:
        return f"{EMPTY}\n"
    rows = [HEADERS, *(_row(line, now_s, is_short=kind == "table") for line in lines)]
    if kind == "md":
        head, *body = [f"| {' | '.join(map(escape, row))} |" for row in rows]
        return "\n".join([head, f"|{' --- |' * len(HEADERS)}", *body]) + "\n"
    return "\n".join([*columns.table(rows, left=len(HEADERS)), "", _legend(lines)]) + "\n"


def headline_text(line: rest.RunLine, now_s: float, url: str) -> str:
    """One result: its figures with intervals, its badge, what ran, and where to read on."""
    threads = f", {line.threads} thread{'s' * (line.threads != 1)}" if line.threads else ""
    on = f", evaluated on {line.set_name}" if line.set_name else ""
    parts = [clean(f"{line.model_name} on {_device(line)}: {line.runtime}{threads}{on}")]
    if line.failure_code:
        parts.append(clean(f"failed: {line.failure_code}. {line.failure_message}"))
    shown = [row for row in (line.lead, *line.metrics) if row is not None]
    rows = [
        *((_title(row.metric), _value(row), _interval(row)) for row in shown),
        *((_title(name), "not measured", clean(reason)) for name, reason in line.absent.items()),
    ]
    parts += columns.table(rows, left=3, indent=2) if rows else ()
    parts += [f"Badge: {clean(text)}" for text in _badge_lines(line)]
    at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(line.received_s))
    parts.append(f"Received {durations.age_text(now_s - line.received_s)}, {at}.")
    parts.append(f"All of it: {url}/runs/{line.result_id}")
    return "\n".join(parts)


def _row(line: rest.RunLine, now_s: float, is_short: bool) -> tuple[str, ...]:
    on = f" on {line.set_name}" if line.set_name else ""
    model, device = clean(f"{line.model_name}{on}"), clean(_device(line))
    return (
        clean(_figure(line)),
        trust.sign(line.trust) if line.lead is not None and not line.set_name else "",
        _shortened(model, MAX_MODEL_CHARS) if is_short else model,
        _shortened(device, MAX_DEVICE_CHARS) if is_short else device,
        durations.age_text(now_s - line.received_s),
        line.result_id,
    )


def _device(line: rest.RunLine) -> str:
    """With what a reader must know of it, unless its name says so."""
    tags = [tag for tag in line.device_tag.split(", ") if tag and tag not in line.device_label]
    return f"{line.device_label} ({', '.join(tags)})" if tags else line.device_label


def _shortened(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: size - 1]}…"


def _figure(line: rest.RunLine) -> str:
    if line.failure_code:
        return f"failed: {line.failure_code}"
    if line.lead is None:
        return "no figure"
    ends = figures.interval(line.lead)
    return f"{_title(line.lead.metric)} {_value(line.lead)}" + (f" ({ends})" if ends else "")


def _title(metric: str) -> str:
    return METRICS[metric].title if metric in METRICS else metric


def _value(row: MetricRow) -> str:
    unit = METRICS[row.metric].unit if row.metric in METRICS and not row.metric.endswith("_j") else ""
    return f"{figures.figure(row)} {unit}".rstrip()


def _interval(row: MetricRow) -> str:
    ends = figures.interval(row)
    return f"95 % {ends}" if ends else "no interval" if row.no_interval else ""


def _badge_lines(line: rest.RunLine) -> Sequence[str]:
    if line.failure_code or line.set_name:
        return ()
    if line.trust is None:
        return (f"{trust.UNCHECKED_SIGN} {trust.NOT_CHECKED}",)
    return trust.reasons(line.trust) or (f"{trust.CLEAN_SIGN} no problem found",)


def _legend(lines: Sequence[rest.RunLine]) -> str:
    signs = {trust.sign(line.trust) for line in lines if line.lead is not None and not line.set_name}
    words = (
        (trust.CLEAN_SIGN, "no problem found"),
        (trust.DOUBT_SIGN, "a problem was found; `edgeprof results ID` names it"),
        (trust.UNCHECKED_SIGN, trust.NOT_CHECKED),
    )
    return ". ".join([*(f"{sign} {text}" for sign, text in words if sign in signs), "Newest first."])


def _csv(lines: Sequence[rest.RunLine]) -> str:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(CSV_HEADER)
    for line in lines:
        row = line.lead
        known = METRICS.get(row.metric) if row else None
        figure = (row.metric, row.value, known.unit if known else "", row.ci_low, row.ci_high, row.n) if row else ()
        badge = None if line.trust is None else " ".join(mark.cause for mark in line.trust.marks) or "clean"
        values = (
            *(line.result_id, line.received_s, line.device_id, line.device_label, line.device_tag),
            *(line.model_id, line.model_name, line.family, line.quantization, line.runtime, line.threads),
            *(line.set_name, line.status, line.failure_code, *(figure or (None,) * 6), badge),
        )
        writer.writerow([defused(value) for value in values])
    return stream.getvalue()
