"""What a search for the highest rate found, as text. Pure."""

from collections.abc import Iterator, Sequence

from edgeprof.loading.measured import Unloaded
from edgeprof.loading.search import Found, Level, Probe
from edgeprof.tables import figures
from edgeprof.tables.columns import table

_WORDS = {"holds": "within", "misses": "beyond", "undecided": "interval contains the limit"}


def text_of(level: Level, unloaded: Unloaded, probes: Sequence[Probe], found: Found) -> str:
    """The answer first, then every rate that was tried."""
    return "\n".join([answer(level, unloaded, found), "", *_table(level, probes), "", *_notes(unloaded)])


def answer(level: Level, unloaded: Unloaded, found: Found) -> str:
    """One sentence, or two."""
    percentile = f"p{100 * level.quantile:g}"
    limit = f"{figures.number(level.limit_ms)} ms"
    if found.estimate_per_s is None:
        if found.holds is None and found.misses is not None:
            return (
                f"No rate keeps {percentile} within {limit}: alone, one inference takes {_ms(unloaded.p50_ms)} (p50)."
            )
        return f"No limit was found: {percentile} stayed within {limit} at every rate tried."
    capacity = 1e3 / unloaded.mean_ms
    share = found.estimate_per_s / capacity
    lines = [
        f"{percentile} reaches {limit} at about {figures.number(found.estimate_per_s)} requests a second, "
        f"{100 * share:.0f} % of the capacity of {figures.number(capacity)}."
    ]
    if found.holds is not None:
        lines.append(
            f"Shown to hold: {figures.number(found.holds.rate_per_s)} requests a second, with its 95 % interval."
        )
    else:
        lines.append("No rate is shown to hold with its 95 % interval. Use more requests: --requests.")
    return "\n".join(lines)


def _ms(value: float) -> str:
    return f"{figures.number(value)} ms"


def _table(level: Level, probes: Sequence[Probe]) -> Iterator[str]:
    title = f"p{100 * level.quantile:g} [ms]"
    rows = [["requests/s", title, "95 % interval", "answered", "unanswered", "against the limit"]]
    for probe in sorted(probes, key=lambda each: each.rate_per_s):
        response = probe.response
        interval = ""
        if response.low_ms is not None and response.high_ms is not None:
            interval = f"{figures.number(response.low_ms)}–{figures.number(response.high_ms)}"
        rows.append(
            [
                figures.number(probe.rate_per_s),
                figures.number(response.value_ms) if response.value_ms is not None else "not measured",
                interval,
                f"{response.n:,}",
                f"{response.unanswered:,}",
                _WORDS[probe.state] if response.kept_up and not response.unanswered else "did not keep up",
            ]
        )
    return table(rows)


def _notes(unloaded: Unloaded) -> list[str]:
    marks = unloaded.result.trust.marks if unloaded.result.trust is not None else ()
    return [
        f"One at a time, back to back: p50 {_ms(unloaded.p50_ms)}, mean {_ms(unloaded.mean_ms)}.",
        "Requests arrive at random (Poisson). Response times count from the planned arrival; one worker serves them.",
        *(f"Marked {mark.cause}: {mark.reason}" for mark in marks),
    ]
