"""The context of the page on readiness: what was asked, the counts, and one page of rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from edgeprof.readiness.document import ReadyAnswer, ReadyRow
from edgeprof.readiness.evidence import Evidence
from edgeprof.readiness.level import TITLES
from edgeprof.readiness.parse import EXAMPLES, FORM_FIELDS
from edgeprof.readiness.status import VERDICTS, Status, Verdict
from edgeprof.wire.metrics import METRICS

ROWS_A_PAGE = 40
MAX_GRID_DEVICES, MAX_GRID_MODELS = 12, 40
"""Beyond these the table of signs is left out: it would tell nothing at a glance."""
SIGNS: dict[Verdict, str] = {
    "ready": "✓",
    "ready with limits": "◐",
    "undecided": "?",
    "unmeasured": "○",
    "not ready": "✕",
}
STATUS_SIGNS: dict[Status, str] = {
    "met": "✓",
    "met with limits": "◐",
    "undecided": "?",
    "unmeasured": "○",
    "not met": "✕",
}
_HINTS = {
    "rate_per_s": "30",
    "p95_ms": "33",
    "users": "1",
    "tokens_per_s": "10",
    "context_tokens": "2000",
    "power_w": "5",
}
FIELDS = tuple(
    (name, TITLES[name] if name != "quality" else "Accuracy, %", _HINTS.get(name, ""))
    for name in FORM_FIELDS
    if name != "arrivals"
)
"""Name, label and placeholder of the fields beside the text."""


@dataclass(frozen=True)
class Count:
    """How many pairs have a verdict, and the address that shows these alone."""

    verdict: Verdict
    sign: str
    count: int
    href: str
    is_shown: bool


@dataclass(frozen=True)
class Sign:
    """One pair in the table: its verdict, and where its row is on the page; empty: on another page."""

    verdict: Verdict
    sign: str
    anchor: str


@dataclass(frozen=True)
class Grid:
    """Models by devices. None: such a model cannot run there."""

    devices: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Sign | None, ...]], ...]


@dataclass(frozen=True)
class ReadyPage:
    """All that the page shows."""

    asked: Mapping[str, str]
    problem: str = ""
    answer: ReadyAnswer | None = None
    counts: tuple[Count, ...] = ()
    rows: tuple[ReadyRow, ...] = ()
    grid: Grid | None = None
    of_rows: int = 0
    more: int = 0
    """Pairs that the answer counts and has no row of."""
    first: int = 0
    previous: str = ""
    following: str = ""
    api: str = ""
    """The same answer as JSON."""
    examples: tuple[tuple[str, str], ...] = tuple((text, f"/ready?{urlencode({'level': text})}") for text in EXAMPLES)
    fields: tuple[tuple[str, str, str], ...] = FIELDS

    @property
    def has_fields(self) -> bool:
        """Whether the address sets a field beside the text."""
        return any(self.asked.get(name) for name, _, _ in FIELDS) or self.asked.get("arrivals") == "random"

    def value(self, name: str) -> str:
        """What the address gives for a field."""
        return self.asked.get(name, "")

    def anchor(self, row: ReadyRow) -> str:
        """The id of a row."""
        return anchor_of(row)

    def sign(self, word: Verdict | Status) -> str:
        """Of a verdict or a condition's status."""
        return {**SIGNS, **STATUS_SIGNS}[word]

    def evidence_text(self, found: Evidence) -> str:
        """`p95, n 480, measured`: what the figure is and where it is from."""
        title = METRICS[found.metric].title if found.metric in METRICS else "Cost"
        parts = (title, f"n {found.n:,}" if found.n else "", found.origin, found.unreal)
        return ", ".join(dict.fromkeys(part for part in parts if part))


def ready_page(asked: Mapping[str, str], answer: ReadyAnswer | None = None, problem: str = "") -> ReadyPage:
    """The page of an answer; without one, the form alone."""
    if answer is None:
        return ReadyPage(asked, problem)
    shown = asked.get("verdict", "")
    matching = [row for row in answer.rows if shown in ("", row.pair.verdict)]
    pages = max(1, -(-len(matching) // ROWS_A_PAGE))
    text = asked.get("p", "1")
    number = min(pages, max(1, int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 1))
    first = (number - 1) * ROWS_A_PAGE
    shown_rows = matching[first : first + ROWS_A_PAGE]
    return ReadyPage(
        asked=asked,
        answer=answer,
        counts=tuple(_count(asked, answer, verdict, shown) for verdict in reversed(VERDICTS)),
        rows=tuple(shown_rows),
        grid=_grid(answer.rows, {anchor_of(row) for row in shown_rows}),
        of_rows=len(matching),
        more=sum(count for verdict, count in answer.counts.items() if shown in ("", verdict)) - len(matching),
        first=first,
        previous=_href(asked, p=str(number - 1)) if number > 1 else "",
        following=_href(asked, p=str(number + 1)) if number < pages else "",
        api=_api(asked, answer),
    )


def anchor_of(row: ReadyRow) -> str:
    """The id of a row on the page."""
    return f"{row.pair.device_id}-{row.pair.model_id[:16]}"


def _grid(rows: Sequence[ReadyRow], on_page: Collection[str]) -> Grid | None:
    devices = {row.pair.device_id: row.device for row in rows}
    models = {row.pair.model_id: row.model for row in rows}
    if not 1 < len(devices) <= MAX_GRID_DEVICES or not 1 < len(models) <= MAX_GRID_MODELS:
        return None
    signs = {
        (row.pair.model_id, row.pair.device_id): Sign(
            row.pair.verdict, SIGNS[row.pair.verdict], anchor if (anchor := anchor_of(row)) in on_page else ""
        )
        for row in rows
    }
    columns = sorted(devices, key=lambda device_id: devices[device_id].lower())
    return Grid(
        tuple(devices[each] for each in columns),
        tuple(
            (models[model_id], tuple(signs.get((model_id, each)) for each in columns))
            for model_id in sorted(models, key=lambda model_id: models[model_id].lower())
        ),
    )


def _count(asked: Mapping[str, str], answer: ReadyAnswer, verdict: Verdict, shown: str) -> Count:
    is_shown = shown == verdict
    href = _href(asked, p="", verdict="" if is_shown else verdict)
    return Count(verdict, SIGNS[verdict], answer.counts.get(verdict, 0), href, is_shown)


def _href(asked: Mapping[str, str], **changes: str) -> str:
    return f"/ready?{urlencode({name: value for name, value in {**asked, **changes}.items() if value})}"


def _api(asked: Mapping[str, str], answer: ReadyAnswer) -> str:
    """Only a level that is wholly in its text has an address there."""
    if any(asked.get(name) for name, _, _ in FIELDS):
        return ""
    query = {name: asked.get(name, "") for name in ("level", "device", "family")}
    given = {name: value for name, value in query.items() if value}
    return f"/api/v1/ready?{urlencode({**given, 'utilisation': f'{answer.utilisation:g}'})}"
