"""The cloud's side of the explorer: what one piece of work costs there, as a function of the inputs and the volume."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from edgeprof_hub.compare.catalogue.loader import Catalogue
from edgeprof_hub.compare.cost import CostError
from edgeprof_hub.compare.cost_cloud import DAYS_PER_MONTH
from edgeprof_hub.compare.cost_draws import Values
from edgeprof_hub.compare.cost_fields import dated
from edgeprof_hub.compare.cost_scenario import Baseline, CallBaseline, InstanceBaseline, TokenBaseline
from edgeprof_hub.compare.prices import token_quote

TOKEN_BASELINES = (
    ("groq", "llama-3.1-8b-instant"),
    ("openai", "gpt-4o-mini"),
    ("google", "gemini-2.5-flash-lite"),
    ("mistral", "ministral-3b-latest"),
)
"""Offered in the list; any other that genai-prices knows may stand in the address."""
MONTH_DAYS = float(DAYS_PER_MONTH)


@dataclass(frozen=True)
class Tiered:
    """A tier in floats: units of a month up to `up_to` (None: without end) at `usd` each."""

    up_to: float | None
    usd: float


@dataclass(frozen=True)
class Rival:
    """A cloud baseline. `usd`: of one piece, by the inputs and the daily volume.

    `tiers`: what a piece costs by the month's volume before retries and features; empty where volume does not decide.
    """

    key: str
    title: str
    source: str
    usd: Callable[[Values, float], float]
    tiers: tuple[Tiered, ...]
    units: Callable[[Values], float]
    """How many units of a tier one piece is billed as."""
    uses: tuple[str, ...]
    """Keys of the inputs that it depends on."""


def key_of(baseline: Baseline) -> str:
    """What names a baseline in an address."""
    match baseline:
        case CallBaseline():
            return f"call:{baseline.entry_id}"
        case InstanceBaseline():
            return f"instance:{baseline.entry_id}"
        case TokenBaseline():
            return f"token:{baseline.provider}/{baseline.model}"


def offered(catalogue: Catalogue, is_language: bool) -> dict[str, str]:
    """Key and title of each baseline in the list."""
    tokens = {f"token:{provider}/{model}": f"{provider} {model}, by the token" for provider, model in TOKEN_BASELINES}
    entries = {
        f"{priced.entry.kind}:{entry_id}": f"{priced.entry.vendor} {priced.entry.title}, by the {priced.entry.unit}"
        for entry_id, priced in sorted(catalogue.entries.items())
        if priced.entry.kind in ("call", "instance") and priced.entry.currency == "USD"
    }
    return {**tokens, **entries} if is_language else entries


def rival_of(key: str, catalogue: Catalogue, tokens: tuple[int, int] | None, now_s: float) -> Rival:
    """The baseline of a key. `tokens`: read and written by one answer. Raises CostError for one without a price."""
    kind, _, name = key.partition(":")
    today = datetime.fromtimestamp(now_s, tz=UTC).date()
    if kind == "call":
        return _by_call(key, name, catalogue, today)
    if kind == "instance":
        return _by_hour(key, name, catalogue, today)
    if kind == "token" and "/" in name and tokens is not None:
        return _by_token(key, name, tokens, now_s)
    raise CostError("price_unknown", f"There is no cloud baseline {key[:80]!r} for such a model.")


def _by_call(key: str, entry_id: str, catalogue: Catalogue, today: date) -> Rival:
    priced = catalogue.get(entry_id, "call")
    tiers = tuple(
        Tiered(None if tier.up_to is None else float(tier.up_to), float(tier.usd_per_unit)) for tier in priced.tiers
    )

    def units(values: Values) -> float:
        return values["features"] * (1 + values["retry_percent"] / 100)

    def usd(values: Values, per_day: float) -> float:
        pieces = per_day * MONTH_DAYS
        return month_usd(pieces * units(values), tiers) / pieces

    title = f"{priced.entry.title} ({priced.entry.region})"
    return Rival(key, title, dated(priced, today), usd, tiers, units, ("features", "retry_percent"))


def _by_hour(key: str, entry_id: str, catalogue: Catalogue, today: date) -> Rival:
    priced = catalogue.get(entry_id, "instance")
    hour_usd = float(priced.price)

    def usd(values: Values, per_day: float) -> float:
        return values["instances"] * hour_usd * values["hours_a_day"] / per_day

    title = f"{priced.entry.vendor} {priced.entry.title} ({priced.entry.region})"
    return Rival(key, title, dated(priced, today), usd, (), lambda _: 1.0, ("instances", "hours_a_day"))


def _by_token(key: str, name: str, tokens: tuple[int, int], now_s: float) -> Rival:
    provider, _, model = name.partition("/")
    read, written = tokens
    quote = token_quote(provider=provider, model=model, input_tokens=read, output_tokens=written, at_s=now_s)
    once = float(sum(use.tokens * use.usd_per_million for use in quote.uses)) / 1e6

    def units(values: Values) -> float:
        return values["tau"] * (1 + values["retry_percent"] / 100)

    def usd(values: Values, per_day: float) -> float:
        return once * units(values)

    title = f"{quote.provider} {quote.model_id}"
    source = f"{quote.source}, {quote.as_of.date()}"
    return Rival(key, title, source, usd, (Tiered(None, once),), units, ("tau", "retry_percent"))


def month_usd(units: float, tiers: tuple[Tiered, ...]) -> float:
    """A month's bill with graduated tiers; beyond the last one its price goes on, as nothing else is known."""
    total, start = 0.0, 0.0
    for tier in tiers:
        end = units if tier.up_to is None else min(units, tier.up_to)
        total += max(0.0, end - start) * tier.usd
        start = max(start, end)
    return total + max(0.0, units - start) * (tiers[-1].usd if tiers else 0.0)
