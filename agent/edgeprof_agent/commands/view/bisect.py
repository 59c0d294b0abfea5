"""A search for the first bad build as lines of a terminal. Pure."""

import math
from collections.abc import Iterator, Sequence

from edgeprof.bisecting.course import FIRST_REPEATS, MAX_REPEATS, Comparison, Search
from edgeprof.bisecting.judging import Ratio
from edgeprof.bisecting.search import comparisons_needed
from edgeprof.tables.columns import table
from edgeprof.wire.run_request import RunProtocol
from edgeprof_agent.commands.view.words import plural

_START_S = 2.0
"""Of a run: the worker's start and its report."""
_WORSE = {
    "latency": "slower",
    "ttft": "slower",
    "prefill": "slower",
    "decode": "slower",
    "memory": "larger",
    "energy": "hungrier",
    "answers": "different",
}
_SHOWN = 8


def cost_lines(
    what: str, labels: Sequence[str], metric: str, protocol: RunProtocol, download_mib: float | None
) -> Iterator[str]:
    """What a search will take, before it starts."""
    shown = ", ".join(labels) if len(labels) <= _SHOWN else f"{labels[0]}, {labels[1]}, … {labels[-1]}"
    most = comparisons_needed(len(labels))
    yield f"{what}: {plural(len(labels), 'build')}: {shown}."
    yield f"At most {plural(most, 'comparison')} and a confirmation; {_time(most, metric, protocol)}."
    if download_mib is not None:
        yield f"At most {download_mib:,.0f} MiB of its wheels to download, and what they depend on."


def _time(comparisons: int, metric: str, protocol: RunProtocol) -> str:
    if metric == "answers":
        return "a run of each"
    least = 2 * FIRST_REPEATS * (comparisons + 2) * (protocol.window_s + _START_S)
    longest_s = max(protocol.window_s, protocol.window_limit_s) + protocol.warmup_limit_s + _START_S
    most = 2 * MAX_REPEATS * (comparisons + 1) * longest_s
    text = f"about {least / 60:.0f} minutes" if least >= 90 else f"about {least:.0f} s"
    return f"{text} of runs for a small model, at most {most / 60:.0f} minutes"


def progress_line(comparison: Comparison) -> str:
    """One comparison, once it is done."""
    pair = f"{comparison.candidate} against {comparison.base}"
    if comparison.mark == "skipped":
        return f"{comparison.candidate}: skipped: {comparison.reason}"
    doubt = "" if comparison.is_settled else ", the nearer answer after all repeats"
    if comparison.role == "ends":
        return f"{pair}: {_ratio(comparison.ratio)} ({plural(comparison.repeats, 'run')} each)"
    if comparison.role == "confirmation":
        return f"{pair}: {_ratio(comparison.ratio)}: {'confirmed' if comparison.mark == 'bad' else 'not confirmed'}"
    return f"{pair}: {_ratio(comparison.ratio)}: {comparison.mark}{doubt}"


def search_lines(search: Search, what: str, metric: str, answers: Sequence[tuple[str, bool, str]]) -> Iterator[str]:
    """The answer first, then every comparison, then which builds answer differently."""
    yield from _answer(search, what, metric)
    yield ""
    rows = [["build", "against", "ratio", "runs each", "is"]]
    rows += [_row(one) for one in search.comparisons]
    yield from table(rows, left=2)
    different = [(build, note) for build, differs, note in answers if differs]
    unknown = [(build, note) for build, _, note in answers if note.startswith("answers not compared")]
    if metric != "answers" and (different or unknown):
        yield ""
        for build, note in different:
            yield f"{build} answers differently from {search.builds[0]}: {note}."
        for build, note in unknown:
            yield f"{build}: {note}"
    elif answers and metric != "answers":
        yield ""
        yield f"Every build that was tried answers as {search.builds[0]} does, within rounding."
    elif metric == "answers":
        yield ""
        for build, _, note in answers:
            yield f"{build} against {search.builds[0]}: {note}."


def _answer(search: Search, what: str, metric: str) -> Iterator[str]:
    worse, good, bad = _WORSE[metric], search.builds[0], search.builds[-1]
    ends = _ratio(search.ends)
    if search.outcome == "no_difference":
        yield f"No difference between {good} and {bad}: {ends}. There is nothing to search."
    elif search.outcome == "better":
        yield f"{bad} is better than {good}: {ends}. There is no loss to search for."
    elif search.outcome == "unclear" and search.ends is not None and search.ends.low > 1:
        yield f"{bad} is {worse} than {good}, by less than --smallest or not surely more: {ends}."
        yield "A smaller --smallest searches for it. Losses near the noise may be found at another version each time."
    elif search.outcome == "unclear":
        yield f"No verdict on {good} and {bad} after {MAX_REPEATS} runs each: {ends}."
        yield "A quieter machine, a longer --window-s or a larger --smallest may decide."
    elif search.outcome == "not_confirmed":
        yield f"Not confirmed: the search ended at {search.first_bad}, against {search.last_good}: "
        yield f"  {_ratio(search.confirmation)}. The loss may come in several small steps, or the machine was busy."
    elif search.outcome == "between":
        skipped = ", ".join(search.skipped_between)
        yield f"The first {worse} {_noun(what)} is between {search.last_good} and {search.first_bad}."
        yield f"  {search.first_bad} against {search.last_good}: {_ratio(search.confirmation)}"
        yield f"  Skipped between them: {skipped}"
    else:
        yield f"The first {worse} {_noun(what)} is {search.first_bad}."
        yield f"  {search.first_bad} against {search.last_good}: {_ratio(search.confirmation)}"
    if is_one_of_steps(search):
        yield f"  {bad} against {good}: {ends}. The loss comes in several steps; this one crosses half of it."


def is_one_of_steps(search: Search) -> bool:
    """Whether what was found holds less than half of the loss between the ends."""
    found, ends = search.confirmation, search.ends
    if search.outcome not in ("found", "between") or found is None or ends is None or ends.is_exact:
        return False
    return math.log(found.value) < math.log(ends.value) / 2


def _noun(what: str) -> str:
    return "file" if what == "model files" else f"{what} version"


def _ratio(ratio: Ratio | None) -> str:
    if ratio is None:
        return "not compared"
    if ratio.is_exact:
        return "the answers differ" if ratio.value > 1 else "the answers agree"
    return f"{ratio.text()} times"


def _row(one: Comparison) -> list[str]:
    if one.mark == "skipped":
        return [one.candidate, one.base, "", "", f"skipped: {one.reason}"]
    mark = {"confirmation": "confirmed" if one.mark == "bad" else "not confirmed"}.get(one.role, one.mark)
    text = "" if one.ratio is None else _ratio(one.ratio).removesuffix(" times")
    return [one.candidate, one.base, text, str(one.repeats), mark + ("" if one.is_settled else " (near)")]
