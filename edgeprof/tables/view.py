"""A CompareTable as blocks of text rows with numbered footnotes: what the terminal and Markdown forms share."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from edgeprof.tables import allowances, figures, quality_cell, trust
from edgeprof.tables.cost_words import NO_BREAK_EVEN, baseline_text, break_even_text, not_counted
from edgeprof.tables.headline import HEADLINES, Headline, Kind, kind_of
from edgeprof.tables.setups.names import threads_text
from edgeprof.wire import rest
from edgeprof.wire.model_names import distinct_names

EMULATED_SIGN = "~"
BEST_SIGN = "*"
SAME_SIGN = "="
ALLOWANCE = "widened for run-to-run variation"

NOT_RUN = "not run"
COST_HEADERS: dict[Kind, tuple[str, str]] = {
    "inference": ("$/1,000", "cloud $"),
    "language": ("$/1M tok", "cloud $"),
}


@dataclass(frozen=True)
class TableRow:
    """One model on one device. `status` stands where the figures would, when there are none.

    `below`: sentences that belong under the row, such as what speaks against its figures.
    """

    label: str
    figures: tuple[str, ...] = ()
    status: str | None = None
    below: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """One device's models of one kind."""

    device: str
    about: str
    headers: tuple[str, ...]
    rows: tuple[TableRow, ...]
    not_run: tuple[str, ...]


@dataclass
class Notes:
    """Footnotes, numbered in order of first use; the same sentence keeps its number."""

    texts: list[str] = field(default_factory=lambda: [])
    _signs: dict[str, str] = field(default_factory=lambda: {})

    def ref(self, text: str) -> str:
        """The sign that stands for a sentence."""
        sign = self._signs.get(text)
        if sign is None:
            sentence = figures.clean(text)
            if sentence not in self.texts:
                self.texts.append(sentence)
            sign = self._signs[text] = f"[{self.texts.index(sentence) + 1}]"
        return sign


@dataclass(frozen=True)
class View:
    """All that is printed."""

    blocks: tuple[Block, ...]
    notes: tuple[str, ...]
    legend: tuple[str, ...]
    cost_note: str


def view(table: rest.CompareTable, hidden: Collection[str] = ()) -> View:
    """The table's blocks in the order of its devices, with what they refer to; without the metrics in `hidden`."""
    notes = Notes()
    cells = {(cell.device_id, cell.model_id, cell.config_key): cell for cell in table.cells}
    labels = column_labels(table.columns)
    of_kind: dict[Kind, list[tuple[rest.Column, str]]] = {
        kind: [each for each in labels.items() if kind_of(each[0].format) == kind] for kind in HEADLINES
    }
    if not quality_cell.is_shown(table.cells):
        hidden = {*hidden, quality_cell.KEY}
    blocks = [
        block
        for device in table.devices
        for kind, columns in of_kind.items()
        if (block := _block(device, kind, cells, columns, notes, hidden))
    ]
    return View(tuple(blocks), tuple(notes.texts), _legend(table), figures.clean(table.cost_note))


def column_labels(columns: Sequence[rest.Column]) -> dict[rest.Column, str]:
    """Model and runtime, and what else tells columns apart: threads, at last the start of the configuration's key."""
    with_threads = same_threads(columns) is None
    names = distinct_names({column.model_id: column.model_name for column in columns})
    plain = {column: _column_label(column, names[column.model_id], with_threads) for column in columns}
    texts = list(plain.values())
    return {
        column: text if texts.count(text) == 1 else f"{text} ({column.config_key[:6]})"
        for column, text in plain.items()
    }


def same_threads(columns: Sequence[rest.Column]) -> int | None:
    """The number of threads that all columns asked for, or None where they differ."""
    asked = {column.threads for column in columns}
    return asked.pop() if len(asked) == 1 else None


def _column_label(column: rest.Column, name: str, with_threads: bool) -> str:
    threads = f", {threads_text(column.threads)}" if with_threads else ""
    options = "".join(f", {option}" for option in column.options)
    return figures.clean(f"{name} · {column.runtime}{threads}{options}")


def _block(
    device: rest.DeviceRecord,
    kind: Kind,
    cells: dict[tuple[str, str, str], rest.Cell],
    columns: Sequence[tuple[rest.Column, str]],
    notes: Notes,
    hidden: Collection[str],
) -> Block | None:
    headlines = [item for item in HEADLINES[kind] if item.metric not in hidden]
    with_quality = quality_cell.KEY not in hidden
    rows: list[TableRow] = []
    not_run: list[str] = []
    for column, label in columns:
        cell = cells.get((device.device_id, column.model_id, column.config_key))
        if cell is None or cell.state == "not_run":
            not_run.append(label)
        else:
            rows.append(_row(label, cell, headlines, notes, with_quality=with_quality))
    if not rows:
        return None
    quality = (quality_cell.HEADER,) if with_quality else ()
    headers = (*(item.header for item in headlines), *quality, *COST_HEADERS[kind], "break-even")
    return Block(_device_title(device), _device_about(device), headers, tuple(rows), tuple(not_run))


def _device_title(device: rest.DeviceRecord) -> str:
    return figures.clean(f"{EMULATED_SIGN} {device.label}" if device.emulated else device.label)


def _device_about(device: rest.DeviceRecord) -> str:
    parts = [device.profile_title or "no device profile matched"]
    if device.played == "replayed" and device.facts is not None:
        parts = [f"replayed: a recorded {device.profile_title or 'machine'} ({device.facts.replays})"]
    elif device.is_endpoint and device.facts is not None:
        parts = [f"{device.tag}: {device.facts.endpoint}"]
    elif device.emulated:
        parts = [f"emulated: this machine plays {device.profile_title or 'another device'}"]
    if not device.online:
        parts.append("offline")
    return figures.clean(", ".join(parts))


def _row(label: str, cell: rest.Cell, headlines: Sequence[Headline], notes: Notes, *, with_quality: bool) -> TableRow:
    if cell.state == "failed":
        return TableRow(label, status=failed_text(cell), below=(figures.clean(cell.failure_message or ""),))
    if not cell.metrics:
        return TableRow(label, status=open_text(cell))
    quality = [_quality(cell, notes)] if with_quality else []
    texts = (*[_figure(item, cell, notes) for item in headlines], *quality, *_cost(cell, notes))
    open_job = [open_text(cell)] if cell.state in ("running", "queued") else []
    doubts = [f"{trust.DOUBT_SIGN} {reason}" for reason in trust.reasons(cell.trust)]
    below = (*doubts, *quality_cell.below(cell.quality, with_figure=not with_quality), *open_job)
    return TableRow(" ".join([label, *map(notes.ref, cell.notes)]), texts, below=below)


def failed_text(cell: rest.Cell) -> str:
    """`failed: operator_unsupported (load)`."""
    code = cell.failure_code or "refused"
    return f"failed: {code}{f' ({cell.stage})' if cell.stage else ''}"


def open_text(cell: rest.Cell) -> str:
    """`running: measure 40 %`, or `queued`."""
    if cell.state != "running":
        return cell.state.replace("_", " ")
    done = "" if cell.fraction is None else f" {cell.fraction:.0%}"
    return f"running: {figures.clean(cell.stage or 'starting')}{done}"


def _figure(item: Headline, cell: rest.Cell, notes: Notes) -> str:
    row = cell.metrics.get(item.metric)
    if row is None:
        return notes.ref(cell.absent.get(item.metric, "The run has no figure and gave no reason."))
    text = figures.figure(row)
    if row.scope or row.no_interval is not None:  # few have one, of the 100,000 figures of a large table
        for note in (figures.covers(row), figures.uncertain(row)):
            if note is not None:
                text = f"{text} {notes.ref(note)}"
    if item.lead and (span := figures.interval(row)):
        text = f"{text} ({span})"
    if item.metric == "latency_p50_ms" and trust.is_held_back_by_quota(cell.trust):
        text += _mean(cell)
    return f"{text}{mark_sign(cell, item.metric)}{trust.sign(cell.trust)}" if item.lead else text


def _quality(cell: rest.Cell, notes: Notes) -> str:
    if cell.quality is None:
        return notes.ref(quality_cell.NOT_EVALUATED)
    return f"{quality_cell.figure_text(cell.quality)} {notes.ref(quality_cell.basis_text(cell.quality))}"


def _mean(cell: rest.Cell) -> str:
    """The median alone looks as if there were no quota: it leaves the pauses out."""
    mean = cell.metrics.get("latency_mean_ms")
    return f", mean {figures.figure(mean)}" if mean is not None else ""


def mark_sign(cell: rest.Cell, metric: str) -> str:
    """The sign of the cell's place in its family on this device; a space keeps the figures in line."""
    if not cell.marks:
        return " "
    verdicts = {mark.verdict for mark in cell.marks if mark.metric == metric and mark.among == "family"}
    if "best" in verdicts:
        return BEST_SIGN
    return SAME_SIGN if verdicts else " "


def _cost(cell: rest.Cell, notes: Notes) -> tuple[str, str, str]:
    cost = cell.cost
    if cost is None:
        ref = notes.ref(cell.cost_absent or "No cost was computed and no reason was given.")
        return ref, ref, ref
    here = f"{figures.usd(cost.edge_usd)} {notes.ref(not_counted(cost))}"
    baseline = notes.ref(baseline_text(cost))
    cloud = baseline if cost.cloud_usd is None else f"{figures.usd(cost.cloud_usd)} {baseline}"
    return here, cloud, break_even_text(cost) or notes.ref(NO_BREAK_EVEN[cost.break_even_kind])


def _legend(table: rest.CompareTable) -> tuple[str, ...]:
    signs = {mark_sign(cell, mark.metric) for cell in table.cells for mark in cell.marks}
    lines: list[str] = []
    if BEST_SIGN in signs:
        lines.append(f"{BEST_SIGN} best of its family on this device: its interval, {ALLOWANCE}, overlaps no other.")
    if SAME_SIGN in signs:
        lines.append(f"{SAME_SIGN} among the best of its family here; no difference between these is shown.")
    lead = [item.metric for kind in HEADLINES.values() for item in kind if item.lead]
    if widened := allowances.legend(table, lead):
        lines.append(figures.clean(widened))
    lines += trust.legend(table.cells)
    lines += quality_cell.legend(table.cells)
    threads = same_threads(table.columns)
    if threads is not None:
        lines.append(f"Requested for all models: {threads_text(threads)}.")
    if any(device.emulated for device in table.devices):
        lines.append(f"{EMULATED_SIGN} emulated: memory and failures count; times and energy are never ranked.")
    if any(device.played == "replayed" for device in table.devices):
        lines.append(f"{EMULATED_SIGN} replayed: sensors of a recorded machine; no figure describes a device.")
    return tuple(lines)
