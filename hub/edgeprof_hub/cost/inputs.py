"""An input of a cost with its origin and date, and how it is written beside the figure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from edgeprof.wire.metrics import Origin
from edgeprof_hub.cost.catalogue.loader import Priced

InputOrigin = Literal["catalogue", "assumed"] | Origin


@dataclass(frozen=True, kw_only=True)
class CostInput:
    """One input. `source` says where it is from: an entry, a metric, a person."""

    name: str
    value: str
    origin: InputOrigin
    source: str = ""
    as_of: date | None = None
    stale: bool = False

    def text(self) -> str:
        """`0.165 USD/kWh (catalogue: ..., 2025-06-30, stale)`."""
        where = f"{self.origin}: {self.source}" if self.source else self.origin
        dated = f", {self.as_of}" if self.as_of else ""
        return f"{self.value} ({where}{dated}{', stale' if self.stale else ''})"


def catalogue_input(name: str, value: str, priced: Priced, today: date) -> CostInput:
    """An input that stands in the catalogue."""
    return CostInput(
        name=name,
        value=value,
        origin="catalogue",
        source=f"{priced.entry.title}; {priced.source.title}",
        as_of=priced.as_of,
        stale=priced.stale(today),
    )


def plain(value: float | Decimal) -> str:
    """A number as a person writes it: no exponent, thousands grouped, no trailing zeros."""
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    text = f"{exact:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(value: float | Decimal, significant: int = 3) -> str:
    """The same, in so many significant digits. The last bits of a float, which are noise, do not turn a half."""
    exact = value if isinstance(value, Decimal) else Decimal(f"{value:.12g}")
    if exact == 0:
        return "0"
    places = max(0, significant - 1 - exact.adjusted())
    return plain(round(exact, places) if places else exact.to_integral_value())
