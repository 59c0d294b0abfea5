"""Each kind of cloud baseline as a function of the explorer's inputs, in floats."""

import math
from collections.abc import Callable, Mapping

from edgeprof_hub.cost.alternative import MONTH_DAYS, Rival, Tiered
from edgeprof_hub.cost.audio import AudioBilling, billing_of
from edgeprof_hub.cost.catalogue.loader import Priced
from edgeprof_hub.cost.draws import Values
from edgeprof_hub.cost.field import Field, dated
from edgeprof_hub.cost.formulas import CostError
from edgeprof_hub.cost.price_moment import Prices
from edgeprof_hub.cost.prices import audio_quote, token_quote

RENTED = ("instances", "hours_a_day", "disk_usd", "response_bytes", "egress_usd_per_gb")
"""Inputs that a rented machine's bill depends on."""

Units = Callable[[Values], float]


def rival_of(key: str, fields: Mapping[str, Field], prices: Prices) -> Rival:
    """The baseline of a key, for a model with these inputs. Raises CostError for one without a price."""
    kind, _, name = key.partition(":")
    is_hosted, hears = "/" in name, "audio_s" in fields
    if kind == "call":
        return _by_unit(key, prices.catalogue.get(name, "call"), prices, lambda values: values["features"], "features")
    if kind == "page":
        return _by_unit(key, prices.catalogue.get(name, "page"), prices, lambda values: values["pages"], "pages")
    if kind == "instance":
        return _by_hour(key, name, prices)
    if kind == "audio" and hears:
        priced = prices.catalogue.get(name, "audio")
        return _by_unit(key, priced, prices, audio_units(billing_of(priced)), "audio_s")
    if kind == "speech" and hears and is_hosted:
        return _by_hosted_hour(key, name, prices)
    if kind == "token" and "input_tokens" in fields and is_hosted:
        return _by_token(key, name, fields, prices)
    raise CostError("price_unknown", f"There is no cloud baseline {key[:80]!r} for such a model.")


def has_price_of_moment(key: str) -> bool:
    """Whether the moment decides its price, too, and not the catalogue alone."""
    return key.startswith(("token:", "speech:"))


def audio_units(billing: AudioBilling) -> Units:
    """`AudioBilling.units` in floats: of the seconds that one inference hears."""
    unit_s, minimum_s = float(billing.unit_s), float(billing.minimum_s)
    step_s = None if billing.granularity_s is None else float(billing.granularity_s)

    def units(values: Values) -> float:
        heard_s = values["audio_s"]
        # A duration that is a whole number of steps must not be one more for the last bit of a quotient.
        billed_s = heard_s if step_s is None else math.ceil(heard_s / step_s - 1e-9) * step_s
        return max(minimum_s, billed_s) / unit_s

    return units


def _by_unit(key: str, priced: Priced, prices: Prices, units_each: Units, depends_on: str) -> Rival:
    tiers = tuple(
        Tiered(None if tier.up_to is None else float(tier.up_to), float(tier.usd_per_unit)) for tier in priced.tiers
    )

    def units(values: Values) -> float:
        return units_each(values) * (1 + values["retry_percent"] / 100)

    def usd(values: Values, per_day: float) -> float:
        pieces = per_day * MONTH_DAYS
        return month_usd(pieces * units(values), tiers) / pieces

    title = f"{priced.entry.title} ({priced.entry.region})"
    return Rival(key, title, dated(priced, prices.day), usd, tiers, units, (depends_on, "retry_percent"))


def _by_hosted_hour(key: str, name: str, prices: Prices) -> Rival:
    provider, _, model = name.partition("/")
    quote = audio_quote(provider=provider, model=model, at_s=prices.at_s)
    hour_usd, hours = float(quote.hour_usd), audio_units(quote.billing)
    least = f", {quote.billing.minimum_s:f} s at least" if quote.billing.minimum_s else ""

    def units(values: Values) -> float:
        return hours(values) * (1 + values["retry_percent"] / 100)

    source = f"{quote.hour_usd:f} USD per audio hour{least}; {quote.source}, {quote.as_of.date()}"
    return Rival(
        key,
        f"{quote.provider} {quote.model_id}",
        source,
        lambda values, _: hour_usd * units(values),
        (Tiered(None, hour_usd),),
        units,
        ("audio_s", "retry_percent"),
    )


def _by_hour(key: str, entry_id: str, prices: Prices) -> Rival:
    priced = prices.catalogue.get(entry_id, "instance")
    hour_usd = float(priced.price)

    def usd(values: Values, per_day: float) -> float:
        day_usd = values["instances"] * hour_usd * values["hours_a_day"] + values["disk_usd"] / MONTH_DAYS
        return day_usd / per_day + values["response_bytes"] / 1e9 * values["egress_usd_per_gb"]

    title = f"{priced.entry.vendor} {priced.entry.title} ({priced.entry.region})"
    return Rival(key, title, dated(priced, prices.day), usd, (), lambda _: 1.0, RENTED)


def _by_token(key: str, name: str, fields: Mapping[str, Field], prices: Prices) -> Rival:
    provider, _, model = name.partition("/")
    read, written = (int(fields[key].value or 0) if key in fields else 0 for key in ("input_tokens", "output_tokens"))
    quote = token_quote(provider=provider, model=model, input_tokens=read, output_tokens=written, at_s=prices.at_s)
    once = float(sum(use.tokens * use.usd_per_million for use in quote.uses)) / 1e6

    def units(values: Values) -> float:
        return values["tau"] * (1 + values["retry_percent"] / 100)

    title = f"{quote.provider} {quote.model_id}"
    source = f"{quote.source}, {quote.as_of.date()}"
    tiers = (Tiered(None, once),)
    return Rival(key, title, source, lambda values, _: once * units(values), tiers, units, ("tau", "retry_percent"))


def month_usd(units: float, tiers: tuple[Tiered, ...]) -> float:
    """A month's bill with graduated tiers; beyond the last one its price goes on, as nothing else is known."""
    total, start = 0.0, 0.0
    for tier in tiers:
        end = units if tier.up_to is None else min(units, tier.up_to)
        total += max(0.0, end - start) * tier.usd
        start = max(start, end)
    return total + max(0.0, units - start) * (tiers[-1].usd if tiers else 0.0)
