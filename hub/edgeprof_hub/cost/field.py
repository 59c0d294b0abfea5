"""One input of the cost explorer, and what a form puts in its place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from edgeprof.errors import UsageError
from edgeprof.wire.messages import MetricRow
from edgeprof_hub.cost.catalogue.loader import Priced
from edgeprof_hub.cost.inputs import InputOrigin

MAX_VALUE = 1e12


@dataclass(frozen=True, kw_only=True)
class Field:
    """One input. `value` None: blank, so that its part is not counted. `low`, `high`: between which it may lie."""

    key: str
    name: str
    unit: str
    value: float | None
    low: float | None = None
    high: float | None = None
    origin: InputOrigin = "assumed"
    source: str = ""
    least: float = 0.0
    most: float = MAX_VALUE
    slider: tuple[float, float] | None = None
    """Ends of the slider, where there is one."""

    @property
    def limits(self) -> tuple[float, float]:
        """Low and high end; the value itself where it has none. Never asked of a blank field."""
        value = self.value or 0.0
        return (value if self.low is None else self.low, value if self.high is None else self.high)


Fields = Mapping[str, Field]


def plain_field(
    key: str,
    name: str,
    unit: str,
    value: float | None,
    *,
    source: str = "",
    least: float = 0.0,
    most: float = MAX_VALUE,
) -> Field:
    """One that is assumed, without limits."""
    return Field(key=key, name=name, unit=unit, value=value, source=source, least=least, most=most)


def measured_field(field: Field, row: MetricRow, times: float) -> Field:
    """The field with a measured value and its 95 % interval, in the field's unit."""
    ends = [row.ci_low, row.ci_high]
    low, high = (None if end is None else end * times for end in ends)
    value = row.value * times
    is_around = low is not None and high is not None and low <= value <= high
    return replace(
        field,
        value=value,
        low=low if is_around else None,
        high=high if is_around else None,
        origin=row.origin,
        source=row.metric,
    )


def changed(fields: Fields, asked: Mapping[str, str]) -> dict[str, Field]:
    """The fields with what an address says in their place. Raises UsageError for an invalid number."""
    return {key: _changed(field, asked) for key, field in fields.items()}


def _changed(field: Field, asked: Mapping[str, str]) -> Field:
    given = {end: asked.get(f"{field.key}{end}", "").strip() for end in ("", ".low", ".high")}
    new = field
    # A form sends every field: one that is as it was written keeps its origin and all its digits.
    if (text := given[""]) not in ("", written(field.value)):
        value = _number(field, text)
        # Whoever puts another value in its place has no use for the old one's limits, unless they are given, too.
        new = replace(field, value=value, low=None, high=None, origin="entered", source="in this scenario")
    low = _number(field, given[".low"]) if given[".low"] not in ("", written(new.low)) else new.low
    high = _number(field, given[".high"]) if given[".high"] not in ("", written(new.high)) else new.high
    if new.value is None:
        return new
    if not (low if low is not None else new.value) <= new.value <= (high if high is not None else new.value):
        raise UsageError("bad_limits", f"{field.name}: {new.value:g} is not between its limits {low} and {high}.")
    return replace(new, low=low, high=high)


def written(value: float | None) -> str:
    """A number as a form takes it; seven digits are more than anybody measures."""
    return "" if value is None else f"{value:.7g}"


def _number(field: Field, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not field.least <= value <= field.most:
        raise UsageError(
            "bad_number",
            f"{field.name}: {text[:40]!r} is not a number from {field.least:g} to {field.most:g} {field.unit}".rstrip()
            + ".",
        )
    return value


def dated(priced: Priced, today: date) -> str:
    """`electricity, households, world; GlobalPetrolPrices ..., 2025-06-30, stale`."""
    return f"{priced.entry.title}; {source_of(priced, today)}"


def source_of(priced: Priced, today: date) -> str:
    """Where the price is from, of which day, and how far to trust it."""
    marks = {
        "stale": priced.stale(today),
        "unverified": priced.source.kind == "unverified",
        "low confidence": priced.source.confidence == "low",
    }
    return ", ".join([priced.source.title, str(priced.as_of), *(mark for mark, is_so in marks.items() if is_so)])
