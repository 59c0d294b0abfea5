"""The figures of a cell in words: the large one, those that the reader chose, and all of them for the open cell."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup, escape

from edgeprof.tables import figures, trust
from edgeprof.tables.cost_words import NO_BREAK_EVEN, baseline_text, break_even_text, not_counted
from edgeprof.tables.headline import HEADLINES, Kind
from edgeprof.tables.quality_words import GATES, quality_text
from edgeprof.wire import rest
from edgeprof.wire.metrics import METRICS

SHORT = {
    "latency_p50_ms": "p50",
    "latency_p95_ms": "p95",
    "latency_p99_ms": "p99",
    "latency_mean_ms": "mean",
    "throughput_per_s": "rate",
    "peak_memory_mib": "memory",
    "energy_per_inference_j": "energy",
    "energy_per_token_j": "energy/tok",
    "decode_tokens_per_s": "decode",
    "prefill_tokens_per_s": "prefill",
    "ttft_ms": "TTFT",
}
QUALITY_NOTE = (
    "Quality on {}, with its 95 % interval. Of this family's sets it has most evaluations. "
    "Variants with as many items answered the same ones."
)
_OF_A_QUOTA = ("latency_mean_ms", "throughput_per_s")
UNIT = {"1,000 inferences": "$ / 1,000"}
NOT_OF_THIS_KIND: dict[Kind, str] = {
    "inference": "This metric exists for language models only.",
    "language": "This metric does not exist for language models.",
}


@dataclass(frozen=True)
class CellFigure:
    """A labelled figure. `why`: the reason for none, or what a reader must know of it. `is_absent`: there is none.

    `covers`: what an energy or a power is of, in words that an open cell shows.
    """

    label: str
    text: str
    unit: str = ""
    interval: str | None = None
    why: str = ""
    is_absent: bool = False
    is_uncertain: bool = False
    href: str = ""
    covers: str = ""


@dataclass(frozen=True)
class Choice:
    """A figure that the column picker offers. `metrics`: by kind of model; empty: it is not a metric."""

    title: str
    meaning: str
    metrics: Mapping[Kind, str]


def _both(metric: str) -> dict[Kind, str]:
    return {"inference": metric, "language": metric}


CHOICES: dict[str, Choice] = {
    "p95": Choice(
        "p95",
        "95th percentile of latency, or between tokens",
        {"inference": "latency_p95_ms", "language": "inter_token_p95_ms"},
    ),
    "p99": Choice("p99", "99th percentile of latency", {"inference": "latency_p99_ms"}),
    "prefill": Choice("prefill", "prompt tokens per second", {"language": "prefill_tokens_per_s"}),
    "ttft": Choice("TTFT", "time to first token", {"language": "ttft_ms"}),
    "memory": Choice("memory", "peak memory of the worker", _both("peak_memory_mib")),
    "energy": Choice(
        "energy",
        "per inference, or per token",
        {"inference": "energy_per_inference_j", "language": "energy_per_token_j"},
    ),
    "load": Choice("load", "opening the model, warm", _both("load_ms")),
    "quality": Choice("quality", "on the family's lead set, with its gate", {}),
    "cost": Choice("cost", "on this device, at the assumed volume", {}),
    "break_even": Choice("break-even", "daily volume from which the device is cheaper", {}),
}
"""By the word in the address, `?columns=memory,p95`."""


def lead(cell: rest.Cell, kind: Kind, metric: str) -> CellFigure:
    """The figure that the cell shows large."""
    return _figure(cell, kind, metric)


def chosen(cell: rest.Cell, kind: Kind, keys: tuple[str, ...], metric: str) -> tuple[CellFigure, ...]:
    """The figures of the column picker, as far as they exist for such a model."""
    found: list[CellFigure] = []
    for key in keys:
        wanted = CHOICES[key].metrics.get(kind)
        if wanted and wanted != metric:
            found.append(_figure(cell, kind, wanted))
        elif key == "quality":
            found += _quality(cell)[:1]
        elif key in ("cost", "break_even"):
            found += [one for one in _cost(cell) if (one.label == "break-even") == (key == "break_even")][:1]
    return tuple(found)


def details(cell: rest.Cell, kind: Kind, metric: str) -> tuple[CellFigure, ...]:
    """Everything that an open cell shows."""
    metrics = [item.metric for item in HEADLINES[kind] if item.metric != metric]
    if trust.is_held_back_by_quota(cell.trust) and kind == "inference":
        # The median alone looks as if there were no quota: mean and rate stand beside it.
        metrics = [*(name for name in _OF_A_QUOTA if name in cell.metrics and name != metric), *metrics]
    return (*(_figure(cell, kind, name) for name in metrics), *_quality(cell), *_cost(cell), *_correct(cell))


def details_html(items: Iterable[CellFigure]) -> Markup:
    """The lines of a definition list. Made here and not in the template: a page has thousands of them."""
    return Markup("".join(map(_detail_html, items)))


def _detail_html(item: CellFigure) -> str:
    text = str(escape(item.text))
    if item.href:
        text = f'<a href="{escape(item.href)}">{text}</a>'
    elif item.is_uncertain:
        text = f'<span class="uncertain">{text}</span>'
    if item.unit and not item.is_absent:
        text = f'{text}&nbsp;<span class="unit">{escape(item.unit)}</span>'
    if item.covers:  # a part of the figure: a phone has no tooltips
        text += f" <small>{escape(item.covers)}</small>"
    title = f' title="{escape(item.why)}"' if item.why and (item.is_absent or item.is_uncertain) else ""
    return f"<div{title}><dt>{escape(item.label)}</dt><dd>{text}</dd></div>\n"


def _figure(cell: rest.Cell, kind: Kind, metric: str) -> CellFigure:
    label = SHORT.get(metric, METRICS[metric].title)
    row = cell.metrics.get(metric)
    if row is None:
        reason = cell.absent.get(metric, NOT_OF_THIS_KIND[kind])
        text = "not measured" if metric in cell.absent else "n/a"
        return CellFigure(label, text, why=figures.clean(reason), is_absent=True)
    text, _, prefixed = figures.figure(row).partition(" ")
    covers, uncertain = figures.covers(row) or "", figures.uncertain(row)
    why = " ".join(filter(None, (covers, uncertain)))
    unit = prefixed or METRICS[metric].unit
    return CellFigure(label, text, unit, figures.interval(row), why, is_uncertain=uncertain is not None, covers=covers)


def _quality(cell: rest.Cell) -> tuple[CellFigure, ...]:
    found = cell.quality
    if found is None:
        return ()
    href = f"/runs/{found.result_id}" if found.result_id else ""
    lines: list[CellFigure] = []
    if found.value is not None:
        shots = f" with {found.shots} examples" if found.shots else ""
        note = QUALITY_NOTE.format(f"{found.set_name or found.set_id[:12]}{shots}")
        text = quality_text(found.metric, found.value, found.ci_low, found.ci_high, found.n)
        lines.append(CellFigure("quality", text, why=note, href=href))
    if found.gate:
        lines.append(CellFigure("gate", GATES[found.gate], href=href and f"{href}#gates-h"))
    return tuple(lines)


def _correct(cell: rest.Cell) -> tuple[CellFigure, ...]:
    """Cost over the share of right answers, where both are known."""
    correct = cell.quality.correct if cell.quality else None
    if correct is None or correct.usd_per_1000 is None:
        return ()
    return (CellFigure("$ / 1,000 right", figures.usd(correct.usd_per_1000)),)


def _cost(cell: rest.Cell) -> tuple[CellFigure, ...]:
    cost = cell.cost
    if cost is None:
        reason = cell.cost_absent or "Cost not computed; no reason given."
        return (CellFigure("cost", "not computed", why=reason, is_absent=True),)
    here = CellFigure(UNIT.get(cost.unit, f"$ / {cost.unit}"), figures.usd(cost.edge_usd), why=not_counted(cost))
    if cost.break_even_kind == "is_cloud":
        return (here,)
    cloud_text = "no price" if cost.cloud_usd is None else figures.usd(cost.cloud_usd)
    cloud = CellFigure("cloud", cloud_text, why=baseline_text(cost))
    volume = break_even_text(cost)
    reason = "" if volume else NO_BREAK_EVEN[cost.break_even_kind]
    return here, cloud, CellFigure("break-even", volume or "does not exist", why=reason, is_absent=not volume)
