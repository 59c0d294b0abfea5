"""Building blocks of the run page: a named fact, a table of texts, and how their figures are written."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgeprof.tables import figures

NOT_REPORTED = "not measured, and the run gave no reason"


@dataclass(frozen=True)
class Fact:
    """A name and what is known of it. `is_absent`: the text is the reason why nothing is. `warns`: to be seen."""

    name: str
    text: str
    is_absent: bool = False
    warns: bool = False


@dataclass(frozen=True)
class DataTable:
    """A table of texts. The first column names the row; an empty text is a figure that is missing."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def without_empty_columns(self) -> "DataTable":
        """The same without columns that no row has a figure in."""
        used = [index for index in range(len(self.heads)) if index == 0 or any(row[index] for row in self.rows)]
        return DataTable(
            tuple(self.heads[index] for index in used),
            tuple(tuple(row[index] for index in used) for row in self.rows),
        )


def measured(name: str, value: float | None, unit: str, absent: Mapping[str, str], *fields: str) -> Fact:
    """A figure with its unit; where there is none, the reason that one of its wire fields has in `absent`."""
    if value is None:
        return Fact(name, reason_of(absent, *fields), is_absent=True)
    return Fact(name, with_unit(value, unit))


def spread(name: str, low: float | None, high: float | None, unit: str, absent: Mapping[str, str], *keys: str) -> Fact:
    """Smallest and largest of a figure, or why there are none."""
    if low is None or high is None:
        return Fact(name, reason_of(absent, *keys), is_absent=True)
    places = figures.decimals(high)
    first, last = figures.number(low, places), figures.number(high, places)
    return Fact(name, f"{first if first == last else f'{first} to {last}'} {unit}")


def reason_of(absent: Mapping[str, str], *fields: str) -> str:
    """Why a figure is missing; its reason may stand under any of these names."""
    return next((absent[field] for field in fields if field in absent), NOT_REPORTED)


def with_unit(value: float, unit: str) -> str:
    """`2,400 MHz`."""
    return f"{figures.number(value)} {unit}".rstrip()


def text_of(value: float | None) -> str:
    """A figure for a table's cell; empty where there is none."""
    return "" if value is None else figures.number(value)


def duration(ns: float) -> str:
    """Nanoseconds in the unit that a person would use."""
    for limit, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if ns >= limit:
            return with_unit(ns / limit, unit)
    return with_unit(ns, "ns")
