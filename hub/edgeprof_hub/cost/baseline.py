"""What one unit of work costs at the cloud baseline, at the scenario's daily volume."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import assert_never

from edgeprof_hub.cost.audio import billing_of
from edgeprof_hub.cost.catalogue.loader import Priced
from edgeprof_hub.cost.catalogue.schema import EntryKind
from edgeprof_hub.cost.cloud import Tier, call_usd, instance_usd, tokens_usd
from edgeprof_hub.cost.formulas import CostError
from edgeprof_hub.cost.inputs import Input, catalogue_input, plain, rounded
from edgeprof_hub.cost.kind import WorkKind
from edgeprof_hub.cost.price_moment import Prices
from edgeprof_hub.cost.prices import audio_quote, token_quote
from edgeprof_hub.cost.scenario import (
    AudioBaseline,
    Baseline,
    CallBaseline,
    InstanceBaseline,
    PageBaseline,
    Scenario,
    SpeechBaseline,
    TokenBaseline,
)

RETRIES = ("network and retries",)
HEARD = "the window of the Whisper models; settings and the cost page change it"


@dataclass(frozen=True, kw_only=True)
class CloudPrice:
    """A baseline's price for one unit of work (an inference or an answer)."""

    name: str
    basis: str
    usd: Decimal
    usd_high: Decimal
    """What it may come to within the stated limits of what is assumed."""
    tiers: tuple[Tier, ...]
    """What one piece costs by the month's volume; empty where volume does not decide (a machine that is always on)."""
    inputs: tuple[Input, ...]
    not_counted: tuple[str, ...]
    as_of: date


@dataclass(frozen=True, kw_only=True)
class CloudWork:
    """What a baseline is asked for: pieces of work of a kind, so many a day, in this scenario.

    `fed_tokens`: that one inference of the run was fed; None where it does not say.
    """

    kind: WorkKind
    per_day: Decimal
    scenario: Scenario
    fed_tokens: int | None = None

    @property
    def tokens(self) -> tuple[int, int]:
        """Read and written by one piece."""
        if self.kind == "reading":
            return self.fed_tokens or self.scenario.input_tokens, 0
        return self.scenario.input_tokens, self.scenario.output_tokens


def cloud_price(baseline: Baseline, work: CloudWork, prices: Prices) -> CloudPrice:
    """The price at this baseline. Raises CostError where it has none."""
    match baseline:
        case CallBaseline():
            return _by_unit(_entry(baseline.entry_id, "call", prices), work, prices, lambda _: Decimal(1), ())
        case PageBaseline():
            pages = Input(name="pages", value="1", origin="assumed", source="one in each inference")
            return _by_unit(_entry(baseline.entry_id, "page", prices), work, prices, lambda _: Decimal(1), (pages,))
        case AudioBaseline():
            priced = _entry(baseline.entry_id, "audio", prices)
            return _by_unit(priced, work, prices, billing_of(priced).units, (_heard(work.scenario),))
        case SpeechBaseline():
            return _by_hosted_hour(baseline, work.scenario, prices)
        case InstanceBaseline():
            return _by_instance(baseline, work.per_day, prices)
        case TokenBaseline():
            return _by_token(baseline, work, prices)
        case _:
            assert_never(baseline)


def _by_unit(
    priced: Priced,
    work: CloudWork,
    prices: Prices,
    units_of: Callable[[Decimal], Decimal],
    inputs: tuple[Input, ...],
) -> CloudPrice:
    """`units_of`: how many units one piece is billed as, by the seconds of audio in it."""
    entry, units = priced.entry, units_of(work.scenario.audio_s)
    usd = call_usd(work.per_day, priced.tiers, units)
    value = f"{plain(priced.price)} USD per {entry.unit}" + (", the first tier" if len(entry.tiers) > 1 else "")
    return CloudPrice(
        name=f"{entry.title} ({entry.region})",
        basis=f"list price by the {entry.unit}, tiers and free units at this volume",
        usd=usd,
        usd_high=usd,
        tiers=tuple(
            Tier(None if tier.up_to is None else tier.up_to / units, tier.usd_per_unit * units) for tier in priced.tiers
        ),
        inputs=(catalogue_input("cloud price", value, priced, prices.day), *inputs),
        not_counted=RETRIES,
        as_of=priced.as_of,
    )


def _by_hosted_hour(baseline: SpeechBaseline, scenario: Scenario, prices: Prices) -> CloudPrice:
    quote = audio_quote(provider=baseline.provider, model=baseline.model, at_s=prices.at_s)
    usd = quote.hour_usd * quote.billing.units(scenario.audio_s)
    least = f", {rounded(quote.billing.minimum_s)} s at least" if quote.billing.minimum_s else ""
    value, day = f"{plain(quote.hour_usd)} USD per audio hour{least}", quote.as_of.date()
    return CloudPrice(
        name=f"{quote.provider} {quote.model_id}",
        basis=f"by the audio hour, {plain(scenario.audio_s)} s in an inference{least}, {quote.source}",
        usd=usd,
        usd_high=usd,
        tiers=(Tier(None, usd),),
        inputs=(
            Input(name="cloud price", value=value, origin="catalogue", source=quote.source, as_of=day),
            _heard(scenario),
        ),
        not_counted=RETRIES,
        as_of=day,
    )


def _heard(scenario: Scenario) -> Input:
    value = f"{plain(scenario.audio_s)} s"
    if scenario.is_entered:
        return Input(name="audio in an inference", value=value, origin="entered", source="the fleet's scenario")
    return Input(name="audio in an inference", value=value, origin="assumed", source=HEARD)


def _by_instance(baseline: InstanceBaseline, per_day: Decimal, prices: Prices) -> CloudPrice:
    priced = _entry(baseline.entry_id, "instance", prices)
    entry, count = priced.entry, baseline.instances
    usd = instance_usd(priced.price, per_day, count)
    number = Input(
        name="rented instances", value=str(count), origin="assumed", source="enough for this volume; not measured"
    )
    return CloudPrice(
        name=f"{entry.vendor} {entry.title} ({entry.region})",
        basis=f"{count} rented, on demand, always on, divided by the stated volume",
        usd=usd,
        usd_high=usd,
        tiers=(),
        inputs=(catalogue_input("cloud price", f"{plain(priced.price)} USD per hour", priced, prices.day), number),
        not_counted=("disk", "network"),
        as_of=priced.as_of,
    )


def _by_token(baseline: TokenBaseline, work: CloudWork, prices: Prices) -> CloudPrice:
    read, written = work.tokens
    quote = token_quote(
        provider=baseline.provider, model=baseline.model, input_tokens=read, output_tokens=written, at_s=prices.at_s
    )
    usd, limit = tokens_usd(quote.uses), work.scenario.cloud_tokens_limit
    each = ", ".join(f"{rounded(use.usd_per_million)} USD per 1M {use.kind} tokens" for use in quote.uses)
    shape = f"{read} in and {written} out per answer" if written else f"{read} read by an inference"
    day = quote.as_of.date()
    return CloudPrice(
        name=f"{quote.provider} {quote.model_id}",
        basis=f"by the token, {shape}, {quote.source}",
        usd=usd,
        usd_high=usd * limit,
        tiers=(Tier(None, usd),),
        inputs=(
            Input(name="cloud price", value=each, origin="catalogue", source=quote.source, as_of=day),
            Input(name="cloud tokens per edge token", value="1", origin="assumed", source=f"up to {plain(limit)}"),
            *(() if written else (_read(work),)),
        ),
        not_counted=RETRIES,
        as_of=day,
    )


def _read(work: CloudWork) -> Input:
    value = f"{work.tokens[0]} tokens"
    if work.fed_tokens:
        return Input(name="read by an inference", value=value, origin="measured", source="the input that was fed")
    origin = "entered" if work.scenario.is_entered else "assumed"
    return Input(name="read by an inference", value=value, origin=origin, source="the scenario")


def _entry(entry_id: str, kind: EntryKind, prices: Prices) -> Priced:
    priced = prices.catalogue.get(entry_id, kind)
    if priced.entry.currency != "USD":
        raise CostError(
            "price_currency", f"{priced.entry.id} is priced in {priced.entry.currency}; a baseline is in USD."
        )
    return priced
