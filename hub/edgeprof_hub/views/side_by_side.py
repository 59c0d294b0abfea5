"""Two to six runs side by side: verdicts against the first one, every sample, figures, and where they differ."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edgeprof.compare import report as comparison
from edgeprof.compare.sources import Run
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.statistics.verdict import Outcome
from edgeprof.tables import figures, trust
from edgeprof.wire import messages as m
from edgeprof.wire import rest
from edgeprof.wire.formats import is_language
from edgeprof.wire.metrics import METRICS
from edgeprof_hub.views.facts import DataTable
from edgeprof_hub.views.lines import LineChart
from edgeprof_hub.views.samples import Fetch, SampleSeries, series_of
from edgeprof_hub.views.shared_curves import curves, memory_table

LETTERS = "ABCDEF"
MIN_RUNS = 2
NOT_REPORTED = "not reported"
_SENTENCE: dict[Outcome, str] = {
    "faster": "{} is faster than A",
    "slower": "{} is slower than A",
    "no_difference_shown": "No difference shown between A and {}",
    "abstains": "No verdict on A and {}",
}


@dataclass(frozen=True)
class Side:
    """One run with the letter that it is called by here. `runs`: those of its cell that the verdict rests on, too."""

    letter: str
    stored: rest.StoredResult
    runs: tuple[m.Result, ...]
    device: rest.DeviceRecord | None
    model: rest.ModelRecord | None
    series: tuple[SampleSeries, ...]

    @property
    def result(self) -> m.Result:
        """The run itself."""
        return self.stored.result

    @property
    def name(self) -> str:
        """`digits-cnn int8 on pi5-kitchen`."""
        model = self.model.shown_name if self.model else self.result.model_name
        return f"{model} on {self.device.label if self.device else self.result.device_id}"


@dataclass(frozen=True)
class RunVerdict:
    """One run against A. `details`: what the verdict rests on. `warnings`: what makes it a doubtful comparison."""

    sentence: str
    details: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class ComparedLine:
    """One figure or setting of every run, in their order; `differs`: it is not the same in all of them."""

    name: str
    texts: tuple[str, ...]
    differs: bool = False


@dataclass(frozen=True)
class Strip:
    """The samples of one run in a shared chart."""

    name: str
    values_ms: tuple[float, ...]


@dataclass(frozen=True)
class SeriesSpread:
    """One series of all runs that have it, on one axis."""

    title: str
    strips: tuple[Strip, ...]
    every: int


@dataclass(frozen=True)
class SideBySide:
    """All that the page shows."""

    sides: tuple[Side, ...]
    verdicts: tuple[RunVerdict, ...]
    spreads: tuple[SeriesSpread, ...]
    figures: tuple[ComparedLine, ...]
    settings: tuple[ComparedLine, ...]
    curves: tuple[LineChart, ...]
    memory: DataTable | None


def check_count(result_ids: Sequence[str]) -> list[str]:
    """Each id once. Raises UsageError for fewer than two or more than six."""
    selected = list(dict.fromkeys(result_ids))
    if not MIN_RUNS <= len(selected) <= len(LETTERS):
        raise UsageError(
            "two_to_six_runs", f"{len(selected)} runs selected. Select {MIN_RUNS} to {len(LETTERS)} to compare."
        )
    return selected


def side_by_side(sides: Sequence[Side], fetch: Fetch) -> SideBySide:
    """The page of these runs. `fetch`: an artifact's bytes by its hash."""
    lettered = [(each.letter, each.result) for each in sides]
    settings = [_setting(name, read, sides) for name, read in _SETTINGS.items()]
    return SideBySide(
        sides=tuple(sides),
        verdicts=tuple(_verdict(sides[0], other, fetch) for other in sides[1:]),
        spreads=_spreads(sides),
        figures=_figures(sides),
        settings=tuple(line for line in settings if set(line.texts) != {NOT_REPORTED}),
        curves=curves(lettered, fetch),
        memory=memory_table(lettered),
    )


def like(result: m.Result, others: Sequence[rest.StoredResult]) -> tuple[m.Result, ...]:
    """The run and those of the others that differ from it by chance only: measured, by the same runtime version."""
    same = [
        other.result
        for other in others
        if other.result.status == "measured" and _conditions(other.result) == _conditions(result)
    ]
    return (result, *(other for other in same if other.result_id != result.result_id))


def _conditions(result: m.Result) -> tuple[object, ...]:
    """What may change from run to run of one cell and makes figures of another kind."""
    ran = result.effective
    protocol = replace(result.protocol, label="")
    return (ran and (ran.runtime, ran.runtime_version), protocol, result.emulated, result.replayed)


def side(
    letter: str,
    stored: rest.StoredResult,
    others: Sequence[rest.StoredResult],
    device: rest.DeviceRecord | None,
    model: rest.ModelRecord | None,
    fetch: Fetch,
) -> Side:
    """A run with its samples, and with those of its cell's other runs that are like it."""
    return Side(letter, stored, like(stored.result, others), device, model, series_of(stored.result, fetch))


def _verdict(first: Side, other: Side, fetch: Fetch) -> RunVerdict:
    """By the engine of `edgeprof compare`, on the like runs of each cell."""
    failed = [each.letter for each in (first, other) if each.result.status != "measured"]
    if failed:
        return RunVerdict(f"No verdict on A and {other.letter}: {' and '.join(failed)} failed.", (), ())
    a, b = ([Run(each.letter, run, lambda ref: fetch(ref.sha256)) for run in each.runs] for each in (first, other))
    try:
        report = comparison.report_on(a, b, None)
    except EdgeprofError as error:
        return RunVerdict(f"No verdict on A and {other.letter}: {error.message}", (), ())
    found = report.verdict
    by = f" by {abs(1 - found.ratio):.1%}" if found.ratio and found.outcome in ("faster", "slower") else ""
    sentence = f"{_SENTENCE[found.outcome].format(other.letter)}{by}: {found.reason}."
    details: list[str] = []
    if found.ratio is not None and found.low is not None and found.high is not None:
        span = f"{found.interval_percent} % interval {found.low:.4f} to {found.high:.4f}"
        details.append(f"{report.series} of {other.letter} / A: {found.ratio:.4f}, {span}.")
    details.append(f"From {_runs(first)} and {_runs(other)}.")
    if found.floor is not None:
        details.append(f"Noise floor used: {found.floor:.1%} ({found.basis.replace('_', ' ')}).")
    named = [_with_letter(text, other.letter) for text in (sentence, *details, *report.warnings)]
    return RunVerdict(named[0], tuple(named[1 : 1 + len(details)]), tuple(named[1 + len(details) :]))


def _runs(each: Side) -> str:
    return f"{len(each.runs)} run{'s' * (len(each.runs) != 1)} of {each.letter}"


def _with_letter(text: str, letter: str) -> str:
    """The engine calls the second side B."""
    return re.sub(r"\bB\b", letter, text)


def _spreads(sides: Sequence[Side]) -> tuple[SeriesSpread, ...]:
    titles = dict.fromkeys(series.title for each in sides for series in each.series)
    return tuple(_spread(title, sides) for title in titles)


def _spread(title: str, sides: Sequence[Side]) -> SeriesSpread:
    there = [(each, series) for each in sides for series in each.series if series.title == title]
    strips = tuple(Strip(f"{each.letter} · {each.name}", series.values_ms) for each, series in there)
    return SeriesSpread(title, strips, max(series.step for _, series in there))


def _figures(sides: Sequence[Side]) -> tuple[ComparedLine, ...]:
    """Every metric that some run has, with its interval; what is missing has its reason on the run's page."""
    rows = [{row.metric: row for row in each.result.metrics} for each in sides]
    names = [name for name in METRICS if any(name in found for found in rows)]
    return tuple(ComparedLine(_titled(name), tuple(_figure(found.get(name)) for found in rows)) for name in names)


def _titled(metric: str) -> str:
    known = METRICS[metric]
    return f"{known.title}, {known.unit}" if known.unit else known.title


def _figure(row: m.MetricRow | None) -> str:
    if row is None:
        return ""
    span = figures.interval(row)
    origin = "" if row.origin == "measured" else f" {row.origin}"
    return f"{figures.figure(row)}{f' ({span})' if span else ''}{origin}"


def _setting(name: str, read: Callable[[Side], object], sides: Sequence[Side]) -> ComparedLine:
    texts = tuple(_text(read(each)) for each in sides)
    return ComparedLine(name, texts, len(set(texts)) > 1)


def _text(value: object) -> str:
    return NOT_REPORTED if value in (None, "", ()) else str(value)


def _ran(read: Callable[[m.Effective], object]) -> Callable[[Side], object]:
    return lambda each: read(each.result.effective) if each.result.effective else None


def _of_tokens(read: Callable[[m.RunConfig], int]) -> Callable[[Side], object]:
    """Token counts, which apply to language models only."""
    return lambda each: None if each.model and not is_language(each.model.format) else read(each.result.config)


_SETTINGS: dict[str, Callable[[Side], object]] = {
    "Device": lambda each: each.device.label if each.device else each.result.device_id,
    "Board": lambda each: each.device.profile_title if each.device else None,
    "Model": lambda each: each.model.shown_name if each.model else each.result.model_name,
    "Model file": lambda each: each.result.model_id[:12],
    "Quantization": lambda each: each.model.quantization if each.model else None,
    "Requested runtime": lambda each: each.result.config.runtime,
    "Actual runtime": _ran(lambda ran: f"{ran.runtime} {ran.runtime_version}"),
    "Actual threads": _ran(lambda ran: ran.threads),
    "Actual provider": _ran(lambda ran: ran.provider),
    "Delegate": _ran(lambda ran: ran.delegate or "none"),
    "Integer kernels": _ran(lambda ran: ran.integer_kernels),
    "Input": _ran(lambda ran: ", ".join(f"{name} {shape}" for name, shape in ran.inputs.items())),
    "Prompt tokens": _of_tokens(lambda config: config.prompt_tokens),
    "Generated tokens": _of_tokens(lambda config: config.decode_tokens),
    "Context depth, tokens": _of_tokens(lambda config: config.depth_tokens),
    "Power mode": lambda each: each.result.config.power_mode or "unchanged",
    "CPU governor": lambda each: each.result.before.governor if each.result.before else None,
    "Temperature before, °C": lambda each: each.result.before.temperature_c if each.result.before else None,
    "Temperature after, °C": lambda each: each.result.after.temperature_c if each.result.after else None,
    "Window, s": lambda each: each.result.protocol.window_s,
    "Trust badge": lambda each: (
        "not checked" if each.result.trust is None else ", ".join(trust.causes(each.result.trust)) or "clean"
    ),
    "Emulated or replayed": lambda each: (
        f"replayed ({each.result.replayed})" if each.result.replayed else "emulated" if each.result.emulated else "no"
    ),
    "Agent": lambda each: each.result.agent_version,
}
