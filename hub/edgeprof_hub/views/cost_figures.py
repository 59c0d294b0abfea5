"""How the explorer writes a cost: for a thousand pieces of work."""

from edgeprof.tables import figures
from edgeprof_hub.cost.bill import settled
from edgeprof_hub.cost.draws import Span

PER = 1000
"""Figures are shown for so many pieces of work."""


def usd(value_usd: float) -> str:
    """Dollars for `PER` pieces."""
    return figures.usd(settled(value_usd * PER))


def span(found: Span) -> str:
    """`$0.06 to $0.11`, for `PER` pieces."""
    return f"{usd(found.low)} to {usd(found.high)}"
