"""Numbers and lines as a terminal shows them: 100 columns, a label on the left, what is long wrapped below itself."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

WIDTH = 100
_LABEL = 11


def labelled(label: str, text: str) -> Iterator[str]:
    """A line with its label; what does not fit goes on below, indented."""
    blank = " " * _LABEL
    label = label if len(label) < _LABEL else f"{label}  "
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=f"{label:<{_LABEL}}", subsequent_indent=blank, break_on_hyphens=False
    ) or [label]


def number(value: float) -> str:
    """Four significant digits, never an exponent."""
    if value == 0:
        return "0"
    if value < 0:
        return f"-{number(-value)}"
    if value >= 1000:
        return f"{value:,.0f}"
    digits = next((digits for limit, digits in ((100, 1), (10, 2), (1, 3), (0.1, 4)) if value >= limit), 5)
    return f"{value:.{digits}f}"


def percent(share: float) -> str:
    """A share as per cent, with as many digits as tell something."""
    points = abs(share) * 100
    if points == 0 or points >= 10:
        return f"{share:.0%}".replace("%", " %")
    digits = 1 if points >= 0.1 else 2
    return f"{share * 100:.{digits}f} %"


def span(low: float, high: float, unit: str) -> str:
    """`45.0 to 52.1 °C`, or one number where both are the same."""
    if number(low) == number(high):
        return f"{number(low)} {unit}"
    return f"{number(low)} to {number(high)} {unit}"


def plural(count: int, one: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{count:,} {one}{'' if count == 1 else 's'}"


def listed(texts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}"


def by_reason(reasons: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    """(name, reason) pairs to reason -> names, so that a reason that many share is told once."""
    grouped: dict[str, list[str]] = {}
    for name, reason in reasons:
        grouped.setdefault(reason, []).append(name)
    return grouped
