"""What a cost is on the REST API, and the price catalogue that it rests on."""

from dataclasses import dataclass
from typing import Literal

BreakEvenKind = Literal["at_least", "never", "not_by_volume", "unknown", "is_cloud"]
"""Of a break-even volume: the least that it can be (parts are not counted); none on this device; the baseline is a
machine that is always on, so that volume does not decide; not known; the device is a cloud endpoint itself."""


@dataclass(frozen=True, kw_only=True)
class CostView:
    """What a unit of work costs on the edge and in the cloud, and everything that the figure rests on."""

    unit: str
    """`1,000 inferences` or `1M tokens`."""
    edge_usd: float
    """On this device; of a cloud endpoint, its list price."""
    edge_parts_usd: dict[str, float]
    not_counted: tuple[str, ...]
    cloud_usd: float | None
    cloud_name: str
    cloud_basis: str
    per_day: float
    """Assumed daily volume, in inferences or in answers."""
    break_even_per_day: float | None
    verdict: str
    inputs: dict[str, str]
    as_of: str
    break_even_kind: BreakEvenKind = "unknown"
    """Says how to read `break_even_per_day`, and why it is None."""
    edge_marginal_usd: float | None = None
    """One more unit on hardware that is there already; None while its energy is not measured."""
    edge_floor_usd: float | None = None
    """The same as `edge_usd` with the device busy all day: a limit, nobody's bill; None without measured energy."""
    catalogue_sha256: str = ""
    """Of the price catalogue that was used; `GET /api/v1/catalogues/{sha256}` has it."""
    priced_at: str = ""
    """The moment for which token and audio prices were looked up, in UTC."""


@dataclass(frozen=True, kw_only=True)
class CatalogueRecord:
    """A price catalogue that the hub has run with: its costs can be computed with it again."""

    sha256: str
    """Of its files' names and contents; it stands among the inputs of every cost."""
    as_of: str
    """The day on which one of its sources was last read."""
    first_used_s: float
    in_use: bool


@dataclass(frozen=True, kw_only=True)
class CatalogueFiles:
    """Its files, in YAML, by name. Those of `own` were given by the hub's owner and come before the shipped ones."""

    sha256: str
    shipped: dict[str, str]
    own: dict[str, str]
