"""Rankings of speed: who has the lowest time, by the comparison of `edgeprof compare`. Pure."""

from collections.abc import Sequence

from edgeprof.compare import report as reports
from edgeprof.compare.sources import Run, Series, default_series, estimates
from edgeprof.errors import EdgeprofError
from edgeprof.profiler.cells import Recording
from edgeprof.profiler.plan import Plan
from edgeprof.profiler.profiles import doubts, unreal
from edgeprof.profiler.rankings import LeftOut, Ranking, good_results, label
from edgeprof.tables import trust
from edgeprof.wire.messages import Result

_LEAD: dict[Series, str] = {"latency": "latency_p50_ms", "inter_token": "inter_token_p50_ms"}
_TITLE: dict[Series, str] = {"latency": "latency", "inter_token": "time between tokens"}


def rank_speed(plan: Plan, recording: Recording, failed: dict[str, str]) -> list[Ranking]:
    sides: dict[Series, list[tuple[str, list[Run]]]] = {}
    out: dict[Series, list[LeftOut]] = {}
    for cell in recording.cells:
        results = good_results(cell, evaluated=False)
        if not results:
            continue
        series = default_series(results[0])
        reason = failed.get(label(plan, cell), "") or _unranked(results, _LEAD[series])
        if reason:
            out.setdefault(series, []).append(LeftOut(name=label(plan, cell), reason=reason))
        else:
            sides.setdefault(series, []).append((label(plan, cell), [recording.run(result) for result in results]))
    return [
        ranking
        for series, those in sides.items()
        if (ranking := _fastest(series, those, out.get(series, []))) is not None
    ]


def _unranked(results: Sequence[Result], metric: str) -> str:
    for result in results:
        if word := unreal(result):
            return f"{word}: times of another machine"
        row = next((row for row in result.metrics if row.metric == metric), None)
        if row is not None and row.origin != "measured":
            return f"{row.origin}, not measured"
    return ""


def _fastest(series: Series, sides: list[tuple[str, list[Run]]], left_out: list[LeftOut]) -> Ranking | None:
    medians: list[tuple[float, str, list[Run]]] = []
    for name, runs in sides:
        try:
            found = sorted(one.value for one in estimates(runs, series))
            medians.append((found[len(found) // 2], name, runs))
        except EdgeprofError as error:
            left_out = [*left_out, LeftOut(name=name, reason=error.message)]
    if not medians:
        return None
    (_, leader, best), *others = sorted(medians, key=lambda one: one[0])
    lines: list[str] = []
    not_shown: list[str] = []
    for _, name, runs in others:
        shown, line = _against(name, leader, runs, best, series)
        lines.append(line)
        not_shown += [] if shown else [name]
    is_doubted = _is_doubted(best, series)
    if is_doubted:
        lines += [f"{leader} is marked {line}" for line in doubts([run.result for run in best])]
    is_shown = not not_shown and not is_doubted and bool(others)
    return Ranking(
        figure=_TITLE[series],
        leader=leader,
        is_shown=is_shown,
        sentence=_fastest_sentence(leader, _TITLE[series], len(others), not_shown, is_doubted),
        rests_on=tuple(lines),
        left_out=tuple(left_out),
    )


def _is_doubted(runs: Sequence[Run], series: Series) -> bool:
    """Whether something was found against the leader's times: such a run is never marked best."""
    badges = [run.result.trust for run in runs if run.result.trust is not None]
    return trust.speak_against((mark.cause for badge in badges for mark in badge.marks), _LEAD[series])


def _against(name: str, leader: str, runs: list[Run], best: list[Run], series: Series) -> tuple[bool, str]:
    """Whether the leader is shown to be faster, and the line that says so."""
    try:
        found = reports.report_on(runs, best, series).verdict
    except EdgeprofError as error:
        return False, f"{name}: {error.message}"
    if found.ratio is None or found.low is None or found.high is None:
        return False, f"{name}: {found.reason}"
    if len(runs) == len(best) == 1:
        for who, run in ((name, runs[0]), (leader, best[0])):
            row = next((row for row in run.result.metrics if row.metric == _LEAD[series]), None)
            if row is not None and row.no_interval is not None:
                return False, f"{who}: no claim rests on a median without an interval; it {row.no_interval}."
    span = f"{found.interval_percent} % interval {found.low:.3g} to {found.high:.3g}"
    return found.outcome == "faster", f"{leader} takes {found.ratio:.3g} × the time of {name}, {span}; {found.reason}."


def _fastest_sentence(leader: str, figure: str, others: int, not_shown: Sequence[str], is_doubted: bool) -> str:
    if not others:
        return f"{leader} is the only one with a measured {figure}."
    if not_shown:
        rest = f"{not_shown[0]}" if len(not_shown) == 1 else f"{len(not_shown)} others"
        return f"{leader} has the lowest {figure} so far; it is not shown to differ from {rest}."
    if is_doubted:
        return f"{leader} has the lowest {figure} so far, but its runs are marked. Measure again on a quiet machine."
    return f"{leader} has the lowest {figure}, against {others} other{'s' * (others != 1)}."
