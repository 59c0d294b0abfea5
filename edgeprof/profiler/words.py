"""A profile's figures as they are read: in a terminal, a notebook and the report. Pure."""

from collections.abc import Sequence

from edgeprof.profiler.metric_groups import COST, chosen
from edgeprof.profiler.plan import Plan
from edgeprof.profiler.profiles import FAILED, ModelProfile, ProfileFigure
from edgeprof.tables import figures
from edgeprof.wire.figures import MetricRow
from edgeprof.wire.metrics import METRICS

Column = tuple[str, str]
"""A metric, and the evaluation set that gave it or nothing."""


def columns_of(plan: Plan, profiles: Sequence[ModelProfile], *, whole: bool = False) -> list[Column]:
    """The columns of a table: of each group the first figure that some profile has, or with `whole` all of them."""
    found: list[Column] = []
    for names in chosen(plan.metrics).values():
        there: list[Column] = []
        for name in names:
            for profile in profiles:
                there += [
                    (one.metric, one.evaluation_set)
                    for one in profile.figures
                    if one.metric == name and (one.metric, one.evaluation_set) not in there
                ]
        if not there:
            there = [(names[0], "")]
        found += there if whole else _leads(there, profiles)
    return list(dict.fromkeys(found))


def _leads(there: Sequence[Column], profiles: Sequence[ModelProfile]) -> list[Column]:
    """The first that each profile has, for models of several kinds bring figures of several names."""
    wanted = [
        next((column for column in there if column[1] == title and profile.figure(*column)), None)
        for profile in profiles
        for title in dict.fromkeys(title for _, title in there)
    ]
    firsts = list(dict.fromkeys(column for column in wanted if column is not None))
    return firsts or list(there[:1])


def title_of(column: Column) -> str:
    """A column's header with its unit.

    >>> title_of(("latency_p50_ms", "")), title_of(("accuracy_percent", "digits"))
    ('p50 [ms]', 'Accuracy on digits [%]')
    """
    metric, evaluation_set = column
    if metric == COST:
        return "Cost [USD]"
    known = METRICS[metric]
    on = f" on {evaluation_set}" if evaluation_set else ""
    return f"{known.title}{on}" + (f" [{known.unit}]" if known.unit else "")


def value_text(figure: ProfileFigure) -> str:
    """The value as tables write it, `~` before one that was not measured."""
    sign = "" if figure.origin == "measured" else "~"
    per = figure.unit.removeprefix("USD") if figure.metric == COST else ""  # units of work differ by kind of model
    return sign + figures.number(figure.value) + per


def interval_text(figure: ProfileFigure) -> str:
    """`0.300–0.330`; empty where there is none."""
    row = MetricRow(metric=figure.metric, value=figure.value, n=figure.n, ci_low=figure.ci_low, ci_high=figure.ci_high)
    if figure.metric.endswith("_j") and figure.ci_low is not None and figure.ci_high is not None:
        places = figures.decimals(figure.value)  # in J, as the value beside it
        return f"{figures.number(figure.ci_low, places)}–{figures.number(figure.ci_high, places)}"
    return figures.interval(row) or ""


def cell_text(profile: ModelProfile, column: Column) -> str:
    """A figure with its interval, or a word that says that there is none.

    >>> cell_text(ModelProfile(model="m", target="local", device="d", status="failed"), ("latency_p50_ms", ""))
    'failed'
    """
    if profile.status == FAILED:
        return "failed"
    figure = profile.figure(*column)
    if figure is None:
        return "not measured"
    span = interval_text(figure)
    return f"{value_text(figure)} ({span})" if span else value_text(figure)


def notes_of(profile: ModelProfile) -> list[str]:
    """What a reader must know beside the figures: failures with their codes, then doubts."""
    lines = [
        f"{f'{one.about}: ' if one.about else ''}{figures.clean(one.message)} [{one.code}]" for one in profile.failures
    ]
    if profile.unreal:
        lines.append(f"{profile.unreal}: its times are not this device's and are never ranked.")
    return [*lines, *profile.trust]


def table_rows(plan: Plan, profiles: Sequence[ModelProfile]) -> list[list[str]]:
    """Header and a row for each profile: model, device, figures."""
    columns = columns_of(plan, profiles)
    rows = [["model", "device", *map(title_of, columns)]]
    return [
        *rows,
        *(
            [plan.titles.get(one.model, one.model), one.device, *(cell_text(one, column) for column in columns)]
            for one in profiles
        ),
    ]
