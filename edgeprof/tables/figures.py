"""How a figure is written: three significant digits, its interval in the same digits, never more than was measured."""

import math

from edgeprof.wire.android import PRINTS_NO_SAMPLES
from edgeprof.wire.energy import scope_words
from edgeprof.wire.messages import MetricRow

SIGNIFICANT = 3
_MIN_WHOLE = 10 ** (SIGNIFICANT - 1)


def number(value: float, digits: int | None = None) -> str:
    """Three significant digits without an exponent; thousands grouped."""
    places = decimals(value) if digits is None else digits
    return f"{value:,.{places}f}"


def decimals(value: float) -> int:
    """Decimal places that show `value` in three significant digits."""
    size = abs(value)
    if size >= _MIN_WHOLE or size == 0 or not math.isfinite(value):
        return 0
    return SIGNIFICANT - 1 - math.floor(math.log10(size))


def interval(row: MetricRow) -> str | None:
    """`0.300–0.330`, with the decimals of the value: more would be more than a reader should believe."""
    if row.ci_low is None or row.ci_high is None:
        return None
    factor = joule_prefix(row.value)[0] if row.metric.endswith("_j") else 1.0
    places = decimals(row.value * factor)
    return f"{number(row.ci_low * factor, places)}–{number(row.ci_high * factor, places)}"


NO_INTERVAL = (
    "No 95 % interval: this run has too few independent samples for one. The figure is a fact of this run; no ranking "
    "and no verdict rests on it."
)


NO_SAMPLES = (
    "No 95 % interval: the runner on the phone prints no samples. The figure is the runner's own; no ranking and no "
    "verdict rests on it."
)


def uncertain(row: MetricRow) -> str | None:
    """The footnote of a percentile without an interval; None for any other figure. The run itself has the counts."""
    if row.no_interval is None:
        return None
    return NO_SAMPLES if PRINTS_NO_SAMPLES in row.no_interval else NO_INTERVAL


def covers(row: MetricRow) -> str | None:
    """What an energy or a power covers, as a footnote; None for any other figure."""
    return f"Energy and power cover {scope_words(row.scope)}." if row.scope else None


def figure(row: MetricRow) -> str:
    """The value; energy with the prefix that makes it readable."""
    return energy(row.value) if row.metric.endswith("_j") else number(row.value)


def energy(value_j: float) -> str:
    """J, mJ or µJ."""
    factor, unit = joule_prefix(value_j)
    return f"{number(value_j * factor)} {unit}"


def milliwatt_hours(value_j: float) -> str:
    """The same as batteries are rated: 3.6 J are a milliwatt-hour."""
    return f"{number(value_j / 3.6)} mWh"


def joule_prefix(value_j: float) -> tuple[float, str]:
    """What a value is multiplied by to be read well, and the unit that it then has."""
    size = abs(value_j)
    if size >= 1.0 or size == 0.0:
        return 1.0, "J"
    return (1e3, "mJ") if size >= 1e-3 else (1e6, "µJ")


def percent(share: float) -> str:
    """`3.2 %`: two digits, which is what a share that was estimated can bear; from 10 % on, whole ones."""
    value = share * 100
    places = max(0, 1 - math.floor(math.log10(abs(value)))) if 0 < abs(value) < 10 and math.isfinite(value) else 0
    return f"{value:,.{places}f} %"


def usd(value_usd: float) -> str:
    """Dollars, down to what a thousandth of a small inference costs."""
    return f"${number(value_usd)}" if value_usd < 100 else f"${value_usd:,.0f}"


def per_day(value: float) -> str:
    """A daily volume as a whole number, rounded up: the break-even is reached at it, not before."""
    return f"{math.ceil(value):,}"


def clean(text: str) -> str:
    """Text of foreign origin in one line, without what could steer a terminal or turn the line's direction."""
    line = " ".join(text.split())
    if line.isprintable():
        return line
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in line)
