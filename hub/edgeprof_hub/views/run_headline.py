"""What a run's page says first: its figure with interval, memory, energy, and what would change them."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgeprof.tables import figures, trust
from edgeprof.tables.headline import HEADLINES, Kind, kind_of
from edgeprof.tables.remedies import remedy
from edgeprof.tables.window_end import reached_precision
from edgeprof.wire import messages as m
from edgeprof.wire.android import PHONE_RUNNERS
from edgeprof.wire.messages import ModelFormat
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.store.evaluations import lead_figure

MAX_CHANGES = 3
_OF_AN_EVALUATION = ("pipeline_p50_ms", "pipeline_p95_ms", "peak_memory_mib")
_OF_A_LOAD = ("first_inference_cold_ms", "first_inference_ms", "peak_memory_mib")
_WITH_THE_LEAD: Mapping[Kind, tuple[str, ...]] = {
    "inference": ("latency_p95_ms", "peak_memory_mib", "energy_per_inference_j"),
    "language": ("ttft_ms", "prefill_tokens_per_s", "peak_memory_mib", "energy_per_token_j"),
}


@dataclass(frozen=True)
class HeadFigure:
    """One figure, or `reason`: why there is none. `covers`: what an energy covers; `doubted`: the badge is against."""

    title: str
    text: str = ""
    unit: str = ""
    interval: str | None = None
    note: str = ""
    reason: str = ""
    covers: str = ""
    doubted: bool = False


@dataclass(frozen=True)
class RunHeadline:
    """The lead figure first. `would_change`: what to do for a figure to rely on, the most important first."""

    figures: tuple[HeadFigure, ...]
    would_change: tuple[str, ...]


def kind_of_run(result: m.Result, model_format: ModelFormat | None) -> Kind:
    """By the model's format; of a model that was deleted, by what the run measured."""
    if model_format is not None:
        return kind_of(model_format)
    return "language" if any(row.metric == "decode_tokens_per_s" for row in result.metrics) else "inference"


def run_headline(result: m.Result, model_format: ModelFormat | None, runs_of_cell: int) -> RunHeadline | None:
    """None of a failed run: its failure is the headline. `runs_of_cell`: measured results of the same cell."""
    if result.failure is not None:
        return None
    rows = {row.metric: row for row in result.metrics}
    if result.config.evaluation_set:
        row = lead_figure(result)
        lead = _figure(result, row, row.metric if row else "accuracy_percent")
        others = [name for name in _OF_AN_EVALUATION if name in rows]
    elif result.config.load_only:
        name = "load_cold_ms" if "load_cold_ms" in rows else "load_ms"
        lead = _figure(result, rows.get(name), name)
        others = [name for name in _OF_A_LOAD if name in rows]
    else:
        kind = kind_of_run(result, model_format)
        name = HEADLINES[kind][0].metric
        lead = _figure(result, rows.get(name), name)
        others = [*_WITH_THE_LEAD[kind]]
    shown = (lead, *(_figure(result, rows.get(name), name) for name in others))
    return RunHeadline(shown, would_change(result, lead, runs_of_cell)[:MAX_CHANGES])


def _figure(result: m.Result, row: m.MetricRow | None, metric: str) -> HeadFigure:
    known = METRICS[metric]
    if row is None:
        reasons = {absent.metric: absent.reason for absent in result.absent}
        return HeadFigure(known.title, reason=figures.clean(reasons.get(metric, "The run gave no reason.")))
    text, _, prefixed = figures.figure(row).partition(" ")
    causes = (mark.cause for mark in result.trust.marks) if result.trust else ()
    interval = figures.interval(row)
    return HeadFigure(
        title=known.title,
        text=text,
        unit=prefixed or known.unit,
        interval=interval,
        note="" if interval else "one reading" if row.n == 1 or known.scope == "memory" else "no 95 % interval",
        covers=figures.covers(row) or "",
        doubted=known.scope != "quality" and trust.speak_against(causes, metric),
    )


def is_of_a_phone(result: m.Result) -> bool:
    """Whether another's program measured it on a phone."""
    return result.effective is not None and result.effective.runtime in PHONE_RUNNERS


def would_change(result: m.Result, lead: HeadFigure, runs_of_cell: int) -> tuple[str, ...]:
    """What would raise the trust in the figure, in the order in which to do it; for a quiet run, repeats."""
    found = dict.fromkeys(remedy(mark) for mark in result.trust.marks) if result.trust else {}
    if result.config.evaluation_set:
        return (*found, *_of_an_evaluation(result))
    if result.config.load_only:
        return ("Only the load was tested. To measure the speed: edgeprof flash MODEL --to DEVICE.",)
    watched = not is_of_a_phone(result)
    if result.trust is None and watched:
        found["Repeat it with a newer agent: its runs have a trust badge."] = None
    if lead.text and not lead.interval and watched:
        found["Too few independent samples for an interval. Measure longer there: edgeprof profile --window-s 10."] = (
            None
        )
    elif result.timing is not None and not reached_precision(result.timing, result.protocol):
        found["The requested precision was not reached. Repeat it 5 times: a verdict uses all runs."] = None
    if runs_of_cell < 2:
        found["This cell has one run. Repeat it to see how far two runs differ."] = None
    elif result.noise_floor is None:
        found["Calibrate the device (edgeprof calibrate): then it is known how far two runs differ."] = None
    return tuple(found)


def _of_an_evaluation(result: m.Result) -> tuple[str, ...]:
    """More items narrow the interval of a share."""
    found = result.evaluation
    if found is None or found.ended == "all":
        return ()
    return ("Evaluate the whole set: this figure covers part of it.",)
