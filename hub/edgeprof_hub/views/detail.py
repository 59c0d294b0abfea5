"""Contexts of the pages about one thing: a run, a device, a model, and the form that flashes."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from edgeprof.tables import figures
from edgeprof.tables.cost_words import NO_BREAK_EVEN, break_even_text
from edgeprof.tables.remedies import FAILURE_REMEDIES
from edgeprof.traps.table import plain, table
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.failures import MEANING
from edgeprof.wire.metrics import METRICS
from edgeprof.wire.tasks import TASKS
from edgeprof_hub.campaigns import form_inputs
from edgeprof_hub.campaigns.form_inputs import InputView
from edgeprof_hub.cost import costs
from edgeprof_hub.cost.price_moment import Prices
from edgeprof_hub.cost.scenario import Scenario
from edgeprof_hub.rollout.form import StagesForm
from edgeprof_hub.rollout.going_back import FlashedFamily
from edgeprof_hub.views.app_meaning import AppMeaning, app_meaning
from edgeprof_hub.views.evaluation_view import EvaluationView, evaluation_view
from edgeprof_hub.views.evidence import Evidence
from edgeprof_hub.views.lead_lines import LeadLine
from edgeprof_hub.views.run_headline import RunHeadline, is_of_a_phone, kind_of_run, run_headline
from edgeprof_hub.views.samples import SampleSeries


@dataclass(frozen=True)
class MetricLine:
    """One recorded figure, or the reason why there is none."""

    title: str
    meaning: str
    text: str
    unit: str
    interval: str | None
    n: int | None
    origin: str
    reason: str | None = None
    no_interval: str | None = None


@dataclass(frozen=True)
class SettingRow:
    """One setting, requested and actual; `differs` where they are not the same."""

    name: str
    requested: str
    actual: str
    differs: bool


class TrapLine(NamedTuple):
    """A known trap. `text`: what showed it, what it does, the way out."""

    id: str
    title: str
    text: str


@dataclass(frozen=True)
class RunPage:
    """Everything that was recorded of one run."""

    stored: rest.StoredResult
    device: rest.DeviceRecord | None
    model: rest.ModelRecord | None
    metrics: tuple[MetricLine, ...]
    settings: tuple[SettingRow, ...]
    failure_meaning: str
    failure_remedy: str
    series: tuple[SampleSeries, ...]
    samples_note: str
    duration_s: float
    cost: rest.CostView | str | None
    evidence: Evidence
    evaluation: EvaluationView | None = None
    headline: RunHeadline | None = None
    meaning: AppMeaning | None = None

    @property
    def result(self) -> m.Result:
        """The result itself."""
        return self.stored.result

    @property
    def sections(self) -> tuple[tuple[str, str], ...]:
        """Id and name of the page's sections that a reader may want to jump to."""
        offered = (
            ("traps", "known traps", bool(self.result.traps)),
            ("meaning", "for the app", self.meaning is not None),
            ("trust", "trust", self.evaluation is None or self.evidence.trust is not None),
            ("evaluation-h", "evaluation", self.evaluation is not None),
            ("remote", "endpoint", self.result.remote is not None),
            ("metrics-h", "metrics", bool(self.metrics)),
            ("samples-h", "samples", self.evaluation is None),
            ("timing", "timing", self.evaluation is None),
            ("cold", "cold start", self.evaluation is None),
            ("energy", "energy", self.evaluation is None and self.evidence.energy is not None),
            ("sweep", "sweep", self.evidence.sweep is not None),
            ("soak", "soak", self.evidence.soak is not None),
            ("open-loop", "open loop", bool(self.evidence.open_loop)),
            ("memory", "memory", self.evaluation is None),
            ("conditions", "device", self.evaluation is None),
            ("footprint", "overhead", self.evaluation is None),
            ("config-h", "configuration", True),
        )
        return tuple((anchor, name) for anchor, name, is_there in offered if is_there)

    @property
    def is_of_a_phone(self) -> bool:
        """Whether another's program measured it on a phone, which nothing watched meanwhile."""
        return is_of_a_phone(self.stored.result)

    @property
    def traps(self) -> tuple[TrapLine, ...]:
        """Known traps of the runtime that the run walked into."""
        return tuple(
            TrapLine(found.trap, table()[found.trap].title if found.trap in table() else found.trap, plain(found))
            for found in self.result.traps
        )

    @property
    def break_even(self) -> str:
        """The break-even volume in words."""
        if not isinstance(self.cost, rest.CostView):
            return ""
        return break_even_text(self.cost) or NO_BREAK_EVEN[self.cost.break_even_kind]


@dataclass(frozen=True)
class DevicePage:
    """One device and its newest runs."""

    device: rest.DeviceRecord
    results: Sequence[rest.StoredResult]
    changes: Sequence[rest.LabelChange] = ()
    leads: Sequence[LeadLine] = ()
    """One line a family."""
    failures: Sequence[LeadLine] = ()
    names: Mapping[str, str] = field(default_factory=lambda: {})
    """Of models, by id."""
    successor: rest.DeviceRecord | None = None
    """The board that took its place."""
    before: Sequence["BoardBefore"] = ()
    """The boards whose place it took, newest first."""
    flashed: Sequence[FlashedFamily] = ()


@dataclass(frozen=True)
class BoardBefore:
    """Another board that a device replaced at `until_s`, with its newest runs: shown apart, never mixed in."""

    device: rest.DeviceRecord
    results: Sequence[rest.StoredResult]
    until_s: float


@dataclass(frozen=True)
class ModelPage:
    """One model, its newest runs and the devices that they ran on."""

    model: rest.ModelRecord
    results: Sequence[rest.StoredResult]
    devices: Mapping[str, rest.DeviceRecord]
    tasks: tuple[str, ...] = TASKS
    changes: Sequence[rest.LabelChange] = ()
    leads: Sequence[LeadLine] = ()
    """One line a device and configuration."""
    failures: Sequence[LeadLine] = ()


@dataclass(frozen=True)
class FlashPage:
    """What can be chosen for a campaign."""

    models: Sequence[rest.ModelRecord]
    devices: Sequence[rest.DeviceRecord]
    groups: Sequence[rest.DeviceGroup]
    chosen: frozenset[str] = frozenset()
    """Ids of models and devices that are ticked already."""
    problem: str = ""
    upload_problem: str = ""
    inputs: tuple[InputView, ...] = field(default_factory=form_inputs.inputs)
    tasks: tuple[str, ...] = TASKS
    sets: Sequence[rest.EvaluationSetRecord] = ()
    """Evaluation sets, those of the models' tasks first."""
    stages: StagesForm = field(default_factory=StagesForm)


@dataclass(frozen=True)
class CampaignPage:
    """One group of jobs, with the names of what they are about."""

    campaign: rest.Campaign
    devices: Mapping[str, rest.DeviceRecord]
    models: Mapping[str, rest.ModelRecord]
    set_names: Mapping[str, str] = field(default_factory=lambda: {})
    """Of evaluation sets, by id."""

    @property
    def open(self) -> bool:
        """Whether anything may still happen."""
        return self.done < len(self.campaign.jobs)

    @property
    def failed(self) -> int:
        """How many jobs failed and could be queued again."""
        return sum(
            job.state == "failed" and job.device_id in self.devices and job.model_id in self.models
            for job in self.campaign.jobs
        )

    @property
    def done(self) -> int:
        """How many jobs have ended."""
        return sum(job.state in rest.TERMINAL_STATES for job in self.campaign.jobs)


def run_page(
    stored: rest.StoredResult,
    device: rest.DeviceRecord | None,
    model: rest.ModelRecord | None,
    series: tuple[SampleSeries, ...],
    evidence: Evidence,
    scenario: Scenario,
    prices: Prices,
    stored_set: rest.EvaluationSetRecord | None = None,
    runs_of_cell: int = 1,
    evaluated: m.Result | None = None,
) -> RunPage:
    """The page of one stored result; its cost in the fleet's scenario.

    `runs_of_cell`: measured results of its cell. `evaluated`: an evaluation of the same set-up, for the whole pipeline.
    """
    result = stored.result
    model_format = model.format if model else None
    return RunPage(
        stored=stored,
        device=device,
        model=model,
        metrics=metric_lines(result),
        settings=settings(result),
        failure_meaning=MEANING[result.failure.code] if result.failure else "",
        failure_remedy=FAILURE_REMEDIES[result.failure.code] if result.failure else "",
        series=series,
        samples_note=_samples_note(result),
        duration_s=(result.finished.monotonic_ns - result.started.monotonic_ns) / 1e9,
        cost=costs.cost_of(device, model, result, scenario, prices) if device and model else None,
        evidence=evidence,
        evaluation=evaluation_view(result, stored_set),
        headline=run_headline(result, model_format, runs_of_cell),
        meaning=app_meaning(result, kind_of_run(result, model_format), evaluated),
    )


def metric_lines(result: m.Result) -> tuple[MetricLine, ...]:
    """Figures in the order of the registry, then what is missing."""
    rows = {row.metric: row for row in result.metrics}
    order = [name for name in METRICS if name in rows] + [name for name in rows if name not in METRICS]
    measured = [_metric_line(rows[name]) for name in order]
    reasons = dict.fromkeys(absent.reason for absent in result.absent)
    alike = ([absent.metric for absent in result.absent if absent.reason == reason] for reason in reasons)
    return (*measured, *map(_absent_line, alike, reasons))


def _metric_line(row: m.MetricRow) -> MetricLine:
    known = METRICS.get(row.metric)
    text, _, prefixed = figures.figure(row).partition(" ")
    origin = f"{row.origin}, {row.scope}" if row.scope else row.origin
    return MetricLine(
        title=known.title if known else row.metric,
        meaning=known.meaning if known else "this hub does not know this metric",
        text=text,
        unit=prefixed or (known.unit if known else ""),
        interval=figures.interval(row),
        n=row.n,
        origin=origin,
        no_interval=None if row.no_interval is None else _grouped(row.no_interval),
    )


def _grouped(reason: str) -> str:
    """Counts of samples with commas, which earlier agents did not write."""
    return re.sub(r"(?<![\d.,])\d{4,}(?![\d.])", lambda found: f"{int(found[0]):,}", reason)


def _absent_line(metrics: list[str], reason: str) -> MetricLine:
    """All that is missing for one reason."""
    titles = [METRICS[metric].title if metric in METRICS else metric for metric in metrics]
    return MetricLine(", ".join(titles), "", "", "", None, None, "", reason)


def settings(result: m.Result) -> tuple[SettingRow, ...]:
    """The requested configuration and the actual one."""
    requested, actual = result.config, result.effective
    sizes = [f"{name} {list(sizes)}" for name, sizes in requested.shapes.items()]
    sizes += [f"{symbol} = {size}" for symbol, size in requested.dims.items()]
    shapes = ", ".join(sizes) or "as in the file"
    values = ", ".join(f"{name} = {value}" for name, value in requested.input_values.items())
    chosen = ", ".join(f"{name} = {value}" for name, value in requested.settings.items())
    pairs = [
        ("runtime", requested.runtime, _actual_runtime(actual), _other_runtime(result)),
        ("threads", str(requested.threads or "every core"), _actual_threads(actual), _other_threads(result)),
        ("provider", requested.provider, actual.provider if actual else "", _other_provider(result)),
        *([("settings", chosen, "the same", False)] if chosen else []),
        ("input shapes", shapes, ", ".join(f"{k} {v}" for k, v in actual.inputs.items()) if actual else "", False),
        *([("input values", values, actual.input_source if actual else "", False)] if values else []),
        ("power mode", requested.power_mode or "unchanged", (result.before and result.before.power_mode) or "", False),
        ("cores", "any", ", ".join(map(str, actual.affinity)) if actual else "", False),
        *_not_reported_back(result),
    ]
    return tuple(SettingRow(name, one, other or "unknown", differs) for name, one, other, differs in pairs)


def _actual_runtime(actual: m.Effective | None) -> str:
    return f"{actual.runtime} {actual.runtime_version}" if actual else ""


def _actual_threads(actual: m.Effective | None) -> str:
    """Unknown for an endpoint."""
    return str(actual.threads) if actual and actual.threads else ""


def _not_reported_back(result: m.Result) -> list[tuple[str, str, str, bool]]:
    """Settings that a runtime does not report: the run used them, or it failed."""
    requested = result.config
    offered = (
        ("prompt tokens", f"{requested.prompt_tokens:,}", _writes_tokens(result)),
        ("generated tokens", f"{requested.decode_tokens:,}", _writes_tokens(result)),
        ("context depth", f"{requested.depth_tokens:,}", _writes_tokens(result)),
        ("requests/s", f"{requested.arrival_rate_per_s:g}", requested.arrival_rate_per_s > 0),
        ("full delegation", "required", requested.require_full_delegation),
    )
    is_measured = result.status == "measured"
    return [(name, text, text if is_measured else "", False) for name, text, applies in offered if applies]


def _writes_tokens(result: m.Result) -> bool:
    return any(row.metric == "decode_tokens_per_s" for row in (*result.metrics, *result.absent))


def _other_runtime(result: m.Result) -> bool:
    return result.effective is not None and result.effective.runtime != result.config.runtime


def _other_threads(result: m.Result) -> bool:
    requested = result.config.threads
    return result.effective is not None and requested > 0 and result.effective.threads != requested


def _other_provider(result: m.Result) -> bool:
    actual = result.effective
    return (
        actual is not None
        and result.remote is None
        and actual.provider.lower().removesuffix("executionprovider") != result.config.provider.lower()
    )


def _samples_note(result: m.Result) -> str:
    if any(artifact.name == "samples" for artifact in result.artifacts):
        return "This hub cannot draw the samples of this run. Download the artifact `samples` below."
    lost = [artifact.reason for artifact in result.lost_artifacts if artifact.name == "samples"]
    return f"The samples of this run are lost: {lost[0]}." if lost else "This run recorded no single samples."
