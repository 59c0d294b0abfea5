"""The figures of a run by topic, each with its interval, and those that are missing, a line a reason."""

import re
import textwrap
from collections.abc import Iterator, Sequence

from edgeprof.tables.figures import joule_prefix
from edgeprof.wire.messages import AbsentMetric, MetricRow
from edgeprof.wire.metrics import METRICS
from edgeprof_agent.commands.view.words import WIDTH, by_reason, listed, number

_TOPICS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Speed", ("latency_", "throughput_", "prefill_", "decode_", "ttft_", "inter_token_", "tokenize_", "sample_")),
    ("Start", ("worker_start_", "runtime_import_", "load_", "first_inference_")),
    ("Memory", ("peak_memory_", "baseline_memory_", "kv_cache_", "model_size_")),
    ("Energy", ("energy_", "net_energy_", "average_power_", "peak_power_", "idle_power_", "battery_")),
    ("Under load", ("response_", "sustained_")),
    ("Endpoint", ("connect_", "request_errors_")),
)
_WITH_PAUSES = ("latency_mean_ms", "throughput_per_s")
_TITLE, _VALUE = 28, 14
_TOO_FEW = re.compile(r"needs (?P<needed>[\d,]+) samples for a 95 % interval; (?P<rest>.*)", re.DOTALL)
_NOT_SHOWN = re.compile(r"shown from (?P<needed>[\d,]+) samples on; (?P<rest>.*)", re.DOTALL)
"""Results of agents before the thousands had commas are read, too."""


def figure_lines(
    rows: Sequence[MetricRow], absent: Sequence[AbsentMetric], *, mean_first: bool = False
) -> Iterator[str]:
    """Every figure, the speed first. `mean_first`: of a run whose median hides its pauses."""
    for topic, prefixes in _TOPICS:
        found = [row for row in rows if row.metric.startswith(prefixes)]
        if mean_first:
            found.sort(key=lambda row: row.metric not in _WITH_PAUSES)
        if found:
            yield ""
            yield topic
            yield from (figure_line(row) for row in found)
    yield from _uncertain_lines(rows)
    yield from absent_lines(absent)


def _uncertain_lines(rows: Sequence[MetricRow]) -> Iterator[str]:
    """Why percentiles of the run have no interval; those with one reason stand together."""
    reasons = [(row.metric, row.no_interval) for row in rows if row.no_interval is not None]
    if reasons:
        yield ""
        yield "No 95 % interval: facts of this run, which no comparison rests on"
        yield from _reason_lines(reasons)


def absent_lines(absent: Sequence[AbsentMetric]) -> Iterator[str]:
    """What is missing and why; figures that miss for one reason stand together."""
    if absent:
        yield ""
        yield "Not measured"
    yield from _reason_lines([(one.metric, one.reason) for one in absent])


def _reason_lines(reasons: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield from _counted(reasons, _TOO_FEW, ("needs", "need"), "samples for a 95 % interval")
    yield from _counted(reasons, _NOT_SHOWN, ("shown from", "shown from"), "samples on")
    others = [each for each in reasons if not _TOO_FEW.fullmatch(each[1]) and not _NOT_SHOWN.fullmatch(each[1])]
    for reason, metrics in by_reason(others).items():
        yield from _missing(metrics, reason)


def _counted(
    reasons: Sequence[tuple[str, str]], form: re.Pattern[str], verbs: tuple[str, str], of_what: str
) -> Iterator[str]:
    """Reasons that differ in a number of samples, one line for all of them. `verbs`: of one figure and of several."""
    found = [(metric, each) for metric, reason in reasons if (each := form.fullmatch(reason))]
    for rest, metrics in by_reason((metric, each["rest"]) for metric, each in found).items():
        needed = [f"{int(each['needed'].replace(',', '')):,}" for metric, each in found if metric in metrics]
        yield from _missing(metrics, f"{verbs[len(metrics) > 1]} {listed(needed)} {of_what}; {rest}")


def _missing(metrics: Sequence[str], reason: str) -> Iterator[str]:
    titles = "; ".join(METRICS[metric].title for metric in metrics)  # a title may hold a comma
    yield from textwrap.wrap(f"{titles}: {reason}", WIDTH, initial_indent="  ", subsequent_indent="    ")


def figure_line(row: MetricRow) -> str:
    """One figure: title, value with its unit, and how well it is known."""
    metric = METRICS[row.metric]
    factor, unit = joule_prefix(row.value) if metric.unit == "J" else (1.0, metric.unit)
    value = f"{number(factor * row.value)} {unit}".rstrip()
    line = f"  {metric.title:<{_TITLE}}{value:>{_VALUE}}   {_certainty(row, factor)}".rstrip()
    return line[:WIDTH]


def _certainty(row: MetricRow, factor: float) -> str:
    scope = f"{row.scope}  " if row.scope else ""
    if row.ci_low is None or row.ci_high is None:
        unknown = "no 95 % interval, " if row.no_interval is not None else ""
        return f"{scope}{unknown}n={row.n:,}" if row.n > 1 or unknown else scope
    return f"{scope}95 % in {number(factor * row.ci_low)} to {number(factor * row.ci_high)}, n={row.n:,}"
