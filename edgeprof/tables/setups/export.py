"""Set-ups for programs and for a README: CSV with one line each, and GitHub's Markdown. Names are never cut. Pure."""

import csv
import io
from collections.abc import Sequence

from edgeprof.tables.export import Value, defused
from edgeprof.tables.markdown import escape
from edgeprof.tables.setups.rows import SetupRow
from edgeprof.tables.setups.text import columns_of, kinds_of, spans_of, status_of

_WITH_INTERVAL = ("latency_p50_ms", "prefill_tokens_per_s", "decode_tokens_per_s")
_ALONE = (
    *("latency_p95_ms", "latency_p99_ms", "throughput_per_s", "ttft_ms", "inter_token_p50_ms", "load_ms"),
    *("peak_memory_mib", "model_size_mib", "energy_per_inference_j", "energy_per_token_j"),
)
HEADER = (
    *("name", "device", "model", "runtime", "runtime_version", "threads", "provider"),
    *("prompt_tokens", "decode_tokens", "depth_tokens", "runs", "failed"),
    *(f"{metric}{end}" for metric in _WITH_INTERVAL for end in ("", "_low", "_high")),
    "interval",
    *_ALONE,
    *("trust", "failure_code", "failure_message"),
)


def render_csv(rows: Sequence[SetupRow]) -> str:
    """One line a set-up. `interval` says what `_low` and `_high` are; an empty field was not measured."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(HEADER)
    for row in rows:
        writer.writerow([defused(value) for value in _values(row)])
    return stream.getvalue()


def _values(row: SetupRow) -> list[Value]:
    config, is_language = row.config, row.kind == "language"
    tokens = (config.prompt_tokens, config.decode_tokens, config.depth_tokens) if is_language else (None,) * 3
    trust = " ".join(row.marks) or ("clean" if row.measured > row.unjudged else "not_checked") if row.measured else None
    found: list[Value] = [
        *(row.name, row.device or None, row.model, row.runtime, row.runtime_version or None),
        *(row.threads, config.provider, *tokens, row.measured, row.failed),
    ]
    for metric in _WITH_INTERVAL:
        one = row.figures.get(metric)
        found += [one.value, one.low, one.high] if one else [None] * 3
    found.append(row.span or None)
    found += [one.value if (one := row.figures.get(metric)) else None for metric in _ALONE]
    return [*found, trust, row.failure_code or None, row.failure_message or None]


def render_md(rows: Sequence[SetupRow]) -> str:
    """A table for each kind of model, as in a terminal that is wide enough."""
    parts: list[str] = []
    for kind in kinds_of(rows):
        found = [row for row in rows if row.kind == kind]
        columns = columns_of(found, kind)
        lines = [_line(["set-up", *(one.header for one in columns)])]
        lines.append(_line(["---", *("---" if one.is_left else "---:" for one in columns)]))
        for index, row in enumerate(found):
            cells = [one.cells[index] for one in columns]
            if not row.measured:
                cells[-1] = status_of(row)
            lines.append(_line([escape(row.name), *(escape(" ".join(cell.split())) for cell in cells)]))
        parts.append("\n".join([*lines, *(["", spans_of(found)] if spans_of(found) else [])]))
    return "\n\n".join(parts) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
