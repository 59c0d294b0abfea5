"""What an entry of the price catalogue says, strictly: each price has a source, a date and how far to trust it."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

import msgspec

EntryKind = Literal["call", "audio", "page", "instance", "egress", "tariff", "carbon"]
"""`carbon`: grams of CO2e for a kWh, in the field `price`; its currency is XXX, the ISO 4217 code for none."""
SourceKind = Literal["official", "generated", "aggregator", "unverified"]
"""Read on the seller's or a public body's page; generated from the seller's own feed; by others; by nobody known."""
Basis = Literal["on_demand", "spot", "reserved", "list", "average"]
Confidence = Literal["high", "medium", "low"]

AUDIO_UNITS_S: Mapping[str, Decimal] = {
    "audio second": Decimal(1),
    "audio minute": Decimal(60),
    "audio hour": Decimal(3600),
}
"""The units that speech is sold in, in seconds."""

EntryId = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$")]
Text = Annotated[str, msgspec.Meta(min_length=1)]


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class PriceSource(_Strict, frozen=True, kw_only=True):
    """Where prices were read, when, and under which licence a table of them may be passed on."""

    title: Text
    kind: SourceKind
    retrieved: date
    licence: Text
    confidence: Confidence
    url: str | None = None


class PriceTier(_Strict, frozen=True, kw_only=True):
    """The price of each unit up to and with number `up_to` of a month. The last tier may be without end."""

    price: Decimal
    up_to: Decimal | None = None


class Entry(_Strict, frozen=True, kw_only=True):
    """One price: a single `price`, or graduated `tiers`. `source` is the name of one of the file's sources."""

    id: EntryId
    kind: EntryKind
    title: Text
    vendor: Text
    region: Text
    unit: Text
    currency: Currency
    basis: Basis
    source: Text
    price: Decimal | None = None
    tiers: tuple[PriceTier, ...] = ()
    free_units: Decimal = Decimal(0)
    billing_granularity: Decimal | None = None
    billing_minimum: Decimal | None = None
    """What is billed at least, and in which steps: of audio in seconds, of everything else in units."""
    valid_from: date | None = None
    valid_to: date | None = None
    """The end of the period that a statistic covers. The figure is then as old as that, whenever it was read."""
    note: str | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    """Between which the figure may lie, where sources differ."""

    def __post_init__(self) -> None:
        if (self.price is None) == (not self.tiers):
            raise ValueError("give a `price` or `tiers`, not both and not neither")
        billed = (self.free_units, self.billing_granularity, self.billing_minimum)
        _check_amounts((self.price, self.low, self.high, *billed, *(tier.price for tier in self.tiers)))
        if self.low is not None and self.high is not None and not self.low <= (self.price or self.low) <= self.high:
            raise ValueError("the price must lie between `low` and `high`")
        _check_rising([tier.up_to for tier in self.tiers])
        if self.kind == "audio" and self.unit not in AUDIO_UNITS_S:
            raise ValueError(f"the unit of audio is one of: {', '.join(AUDIO_UNITS_S)}")
        if self.billing_granularity == 0:
            raise ValueError("the billing granularity must be greater than zero")


def _check_amounts(amounts: Sequence[Decimal | None]) -> None:
    if any(amount is not None and not (amount.is_finite() and amount >= 0) for amount in amounts):
        raise ValueError("a price or a number of units must be zero or more")


def _check_rising(limits: Sequence[Decimal | None]) -> None:
    closed = [limit for limit in limits if limit is not None]
    if None in limits[:-1] or closed != sorted(set(closed)):
        raise ValueError("tiers must rise, and only the last one may have no `up_to`")


class CatalogueFile(_Strict, frozen=True, kw_only=True):
    """One YAML file: named sources, and the entries that were read there."""

    sources: dict[str, PriceSource]
    entries: tuple[Entry, ...]
