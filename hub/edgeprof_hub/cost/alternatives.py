"""Each kind of cloud baseline as a function of the inputs: formulas 9, 11 and 12 of docs/cost.md."""

from collections.abc import Callable, Mapping

from edgeprof_hub.cost.alternative import Alternative
from edgeprof_hub.cost.audio import billing_of
from edgeprof_hub.cost.billed_tokens import BilledTokens
from edgeprof_hub.cost.catalogue.loader import Priced
from edgeprof_hub.cost.catalogue.schema import EntryKind
from edgeprof_hub.cost.checks import CostError
from edgeprof_hub.cost.draws import Values
from edgeprof_hub.cost.field import Field, dated
from edgeprof_hub.cost.inputs import CostInput, catalogue_input, plain, rounded
from edgeprof_hub.cost.price_moment import Prices
from edgeprof_hub.cost.prices import AudioQuote, TokenQuote, audio_quote, token_quote
from edgeprof_hub.cost.tiers import MONTH_DAYS, Tier, in_floats, month_usd

RENTED = ("instances", "hours_a_day", "disk_usd", "response_bytes", "egress_usd_per_gb")
"""Inputs that a rented machine's bill depends on."""
RETRIES = ("network and retries",)
PRICE = "cloud price"

Units = Callable[[Values], float]


def alternative_of(key: str, fields: Mapping[str, Field], prices: Prices) -> Alternative:
    """The baseline of a key, for a model with these inputs. Raises CostError for one without a price."""
    kind, _, name = key.partition(":")
    is_hosted, hears = "/" in name, "audio_s" in fields
    if kind == "call":
        return _by_unit(key, _entry(name, "call", prices), prices, lambda values: values["features"], "features")
    if kind == "page":
        return _by_unit(key, _entry(name, "page", prices), prices, lambda values: values["pages"], "pages")
    if kind == "instance":
        return _by_hour(key, _entry(name, "instance", prices), prices)
    if kind == "audio" and hears:
        priced = _entry(name, "audio", prices)
        billing = billing_of(priced)
        return _by_unit(key, priced, prices, lambda values: billing.units(values["audio_s"]), "audio_s")
    if kind == "speech" and hears and is_hosted:
        return _by_hosted_hour(key, name, fields, prices)
    if kind == "token" and "input_tokens" in fields and is_hosted:
        return _by_token(key, name, fields, prices)
    raise CostError("price_unknown", f"No cloud baseline {key[:80]!r} for this kind of model.")


def has_price_of_moment(key: str) -> bool:
    """Whether the moment decides its price, too, and not the catalogue alone."""
    return key.startswith(("token:", "speech:"))


def _entry(entry_id: str, kind: EntryKind, prices: Prices) -> Priced:
    priced = prices.catalogue.get(entry_id, kind)
    if priced.entry.currency != "USD":
        raise CostError(
            "price_currency", f"{priced.entry.id} is priced in {priced.entry.currency}. A baseline must be in USD."
        )
    return priced


def _by_unit(key: str, priced: Priced, prices: Prices, units_each: Units, depends_on: str) -> Alternative:
    entry, tiers = priced.entry, in_floats(priced.tiers)
    value = f"{plain(priced.price)} USD per {entry.unit}" + (", the first tier" if len(entry.tiers) > 1 else "")

    def units(values: Values) -> float:
        return units_each(values) * (1 + values["retry_percent"] / 100)

    def usd(values: Values, per_day: float) -> float:
        pieces = per_day * MONTH_DAYS
        return month_usd(pieces * units(values), tiers) / pieces

    return Alternative(
        key=key,
        title=f"{entry.title} ({entry.region})",
        basis=f"list price by the {entry.unit}, tiers and free units at this volume",
        source=dated(priced, prices.day),
        price=catalogue_input(PRICE, value, priced, prices.day),
        as_of=priced.as_of,
        usd=usd,
        tiers=tiers,
        units=units,
        uses=(depends_on, "retry_percent"),
        not_counted=RETRIES,
    )


def _by_hosted_hour(key: str, name: str, fields: Mapping[str, Field], prices: Prices) -> Alternative:
    provider, _, model = name.partition("/")
    quote = audio_quote(provider=provider, model=model, at_s=prices.at_s)
    billing = quote.billing
    least = f", {rounded(billing.minimum_s)} s at least" if billing.minimum_s else ""
    value = f"{plain(quote.hour_usd)} USD per audio hour{least}"
    return _hosted(
        key,
        quote,
        basis=f"by the audio hour, {plain(fields['audio_s'].value or 0.0)} s in an inference{least}",
        source=value,
        price=value,
        unit_usd=float(quote.hour_usd),
        units_each=lambda values: billing.units(values["audio_s"]),
        depends_on="audio_s",
    )


def _by_hour(key: str, priced: Priced, prices: Prices) -> Alternative:
    entry, hour_usd = priced.entry, float(priced.price)

    def usd(values: Values, per_day: float) -> float:
        day_usd = values["instances"] * hour_usd * values["hours_a_day"] + values["disk_usd"] / MONTH_DAYS
        return day_usd / per_day + values["response_bytes"] / 1e9 * values["egress_usd_per_gb"]

    return Alternative(
        key=key,
        title=f"{entry.vendor} {entry.title} ({entry.region})",
        basis="1 rented, on demand, always on, divided by the stated volume",
        source=dated(priced, prices.day),
        price=catalogue_input(PRICE, f"{plain(priced.price)} USD per hour", priced, prices.day),
        as_of=priced.as_of,
        usd=usd,
        tiers=(),
        units=lambda _: 1.0,
        uses=RENTED,
        not_counted=("disk", "network"),
    )


def _by_token(key: str, name: str, fields: Mapping[str, Field], prices: Prices) -> Alternative:
    provider, _, model = name.partition("/")
    read, written = (int(fields[key].value or 0) if key in fields else 0 for key in ("input_tokens", "output_tokens"))
    billed = prices.billed.get(name, BilledTokens())
    quote = token_quote(
        provider=provider,
        model=model,
        input_tokens=read,
        output_tokens=written,
        cached_tokens=billed.cached_of(read),
        reasoning_tokens=billed.reasoning_tokens if written else 0,
        at_s=prices.at_s,
    )
    shape = _shape(quote)
    each = ", ".join(f"{rounded(use.usd_per_million)} USD per 1M {use.kind} tokens" for use in quote.uses)
    return _hosted(
        key,
        quote,
        basis=f"by the token, {shape}",
        source=shape,
        price=each,
        unit_usd=float(quote.usd),
        units_each=lambda values: values["tau"],
        depends_on="tau",
    )


def _hosted(
    key: str,
    quote: TokenQuote | AudioQuote,
    *,
    basis: str,
    source: str,
    price: str,
    unit_usd: float,
    units_each: Units,
    depends_on: str,
) -> Alternative:
    """A hosted model: one price at every volume, paid again for each retry."""
    day = quote.as_of.date()

    def units(values: Values) -> float:
        return units_each(values) * (1 + values["retry_percent"] / 100)

    return Alternative(
        key=key,
        title=f"{quote.provider} {quote.model_id}",
        basis=f"{basis}, {quote.source}",
        source=f"{source}; {quote.source}, {day}",
        price=CostInput(name=PRICE, value=price, origin="catalogue", source=quote.source, as_of=day),
        as_of=day,
        usd=lambda values, _: unit_usd * units(values),
        tiers=(Tier(None, unit_usd),),
        units=units,
        uses=(depends_on, "retry_percent"),
        not_counted=RETRIES,
    )


def _shape(quote: TokenQuote) -> str:
    """The tokens of one request: `500 in and 300 out per answer, with 320 reasoning tokens (measured here)`."""
    tokens = {use.kind: int(use.tokens) for use in quote.uses}
    read = tokens["input"] + tokens.get("cached input", 0)
    written = tokens.get("output", 0)
    shape = f"{read} in and {written} out per answer" if written else f"{read} read by an inference"
    beside = (("cached input", "of the input cached"), ("reasoning", "reasoning tokens"))
    billed = " and ".join(f"{tokens[kind]} {what}" for kind, what in beside if tokens.get(kind))
    return f"{shape}, with {billed} (measured here)" if billed else shape
