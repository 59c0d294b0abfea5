"""The capability rows for programs: CSV, JSON and Markdown."""

import csv
import io
from dataclasses import fields

import msgspec

from edgeprof.quality.capability import CapabilityRow
from edgeprof.quality.capability_report import CapabilityReport
from edgeprof.tables.export import Value, defused
from edgeprof.tables.figures import clean
from edgeprof.wire.metrics import METRICS

_DIFFERENCE = ("few_shot_difference", "few_shot_ci_low", "few_shot_ci_high", "few_shot_p")
_COLUMNS = tuple(each.name for each in fields(CapabilityRow) if each.name != "few_shot")
HEADER = (*_COLUMNS, "unit", *_DIFFERENCE)
_MARKDOWN = ("set", "model", "device", "shots", "context", "figure", "95 % interval", "n", "shows")


def capability_json(report: CapabilityReport) -> str:
    """The whole report as one document, indented. A number that is infinite is null."""
    return msgspec.json.format(msgspec.json.encode(report)).decode() + "\n"


def capability_csv(report: CapabilityReport) -> str:
    """One line a row."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(HEADER)
    for row in report.rows:
        unit = METRICS[row.metric].unit if row.metric in METRICS else ""
        values: list[Value] = [getattr(row, name) for name in _COLUMNS]
        few = row.few_shot
        extra = (None,) * len(_DIFFERENCE) if few is None else (few.value, few.ci_low, few.ci_high, few.p)
        writer.writerow([defused(value) for value in (*values, unit, *extra)])
    return stream.getvalue()


def capability_md(report: CapabilityReport) -> str:
    """One table of the rows."""
    lines = [f"| {' | '.join(_MARKDOWN)} |", f"|{'---|' * len(_MARKDOWN)}"]
    for row in report.rows:
        unit = METRICS[row.metric].unit if row.metric in METRICS else ""
        cells = (
            row.set_name,
            f"{row.model} ({row.runtime})",
            row.device,
            str(row.shots),
            f"{row.context_tokens:,}" if row.context_tokens else "",
            "not measured" if row.value is None else f"{row.value:.1f} {unit}".strip(),
            "" if row.ci_low is None or row.ci_high is None else f"{row.ci_low:.1f} to {row.ci_high:.1f}",
            f"{row.n:,}",
            "" if row.smallest_difference is None else f"≥ {row.smallest_difference:.1f} points",
        )
        lines.append(f"| {' | '.join(clean(cell).replace('|', '&#124;') for cell in cells)} |")
    return "\n".join(lines) + "\n"
