"""What one unit of work costs at the cloud baseline, by call, token or rented hour, at the scenario's daily volume."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import assert_never

from edgeprof_hub.compare.catalogue.loader import Catalogue, Priced
from edgeprof_hub.compare.cost import CostError
from edgeprof_hub.compare.cost_cloud import Tier, call_usd, instance_usd, tokens_usd
from edgeprof_hub.compare.cost_inputs import Input, catalogue_input, plain, rounded
from edgeprof_hub.compare.cost_scenario import CallBaseline, InstanceBaseline, Scenario, TokenBaseline
from edgeprof_hub.compare.prices import token_quote


@dataclass(frozen=True, kw_only=True)
class CloudPrice:
    """A baseline's price for one unit of work (an inference or an answer)."""

    name: str
    basis: str
    usd: Decimal
    usd_high: Decimal
    """What it may come to within the stated limits of what is assumed."""
    tiers: tuple[Tier, ...]
    """What a unit costs by the month's volume; empty where volume does not decide (a machine that is always on)."""
    inputs: tuple[Input, ...]
    not_counted: tuple[str, ...]
    as_of: date


def cloud_price(task: str, per_day: Decimal, scenario: Scenario, catalogue: Catalogue, now_s: float) -> CloudPrice:
    """The price at the task's baseline. Raises CostError where it has none."""
    baseline = scenario.baseline(task)
    today = datetime.fromtimestamp(now_s, tz=UTC).date()
    match baseline:
        case CallBaseline():
            return _by_call(baseline, per_day, catalogue, today)
        case InstanceBaseline():
            return _by_instance(baseline, per_day, catalogue, today)
        case TokenBaseline():
            return _by_token(baseline, scenario, now_s)
        case _:
            assert_never(baseline)


def _by_call(baseline: CallBaseline, per_day: Decimal, catalogue: Catalogue, today: date) -> CloudPrice:
    priced = _in_usd(catalogue.get(baseline.entry_id, "call"))
    entry = priced.entry
    usd = call_usd(per_day, priced.tiers)
    value = f"{plain(priced.price)} USD per {entry.unit}" + (", the first tier" if len(entry.tiers) > 1 else "")
    return CloudPrice(
        name=f"{entry.title} ({entry.region})",
        basis=f"list price by the {entry.unit}, tiers and free units at this volume",
        usd=usd,
        usd_high=usd,
        tiers=priced.tiers,
        inputs=(catalogue_input("cloud price", value, priced, today),),
        not_counted=("network and retries",),
        as_of=priced.as_of,
    )


def _by_instance(baseline: InstanceBaseline, per_day: Decimal, catalogue: Catalogue, today: date) -> CloudPrice:
    priced = _in_usd(catalogue.get(baseline.entry_id, "instance"))
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
        inputs=(catalogue_input("cloud price", f"{plain(priced.price)} USD per hour", priced, today), number),
        not_counted=("disk", "network"),
        as_of=priced.as_of,
    )


def _by_token(baseline: TokenBaseline, scenario: Scenario, now_s: float) -> CloudPrice:
    quote = token_quote(
        provider=baseline.provider,
        model=baseline.model,
        input_tokens=scenario.input_tokens,
        output_tokens=scenario.output_tokens,
        at_s=now_s,
    )
    usd = tokens_usd(quote.uses)
    each = ", ".join(f"{rounded(use.usd_per_million)} USD per 1M {use.kind} tokens" for use in quote.uses)
    day = quote.as_of.date()
    return CloudPrice(
        name=f"{quote.provider} {quote.model_id}",
        basis=f"by the token, {scenario.input_tokens} in and {scenario.output_tokens} out per answer, {quote.source}",
        usd=usd,
        usd_high=usd * scenario.cloud_tokens_limit,
        tiers=(Tier(None, usd),),
        inputs=(
            Input(name="cloud price", value=each, origin="catalogue", source=quote.source, as_of=day),
            Input(
                name="cloud tokens per edge token",
                value="1",
                origin="assumed",
                source=f"up to {plain(scenario.cloud_tokens_limit)}",
            ),
        ),
        not_counted=("network and retries",),
        as_of=day,
    )


def _in_usd(priced: Priced) -> Priced:
    if priced.entry.currency != "USD":
        raise CostError(
            "price_currency", f"{priced.entry.id} is priced in {priced.entry.currency}; a baseline is in USD."
        )
    return priced
