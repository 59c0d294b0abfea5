"""What a hosted model costs, by the token or by the hour of audio, from genai-prices: no network, in Decimal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING

from edgeprof.errors import MissingPartError
from edgeprof_hub.cost.audio import AudioBilling
from edgeprof_hub.cost.catalogue.schema import AUDIO_UNITS_S
from edgeprof_hub.cost.checks import CostError

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

PACKAGE = "genai-prices"
AUDIO_HOUR_S = AUDIO_UNITS_S["audio hour"]
TOKENS_PER_PRICE = Decimal(1_000_000)


@dataclass(frozen=True)
class TokenUse:
    """Tokens of one kind in one request, and their price."""

    kind: str
    tokens: Decimal
    usd_per_million: Decimal


@dataclass(frozen=True, kw_only=True)
class _Quote:
    """Whose price it is. The package dates none: its version and the asked-for moment stand for that."""

    provider_id: str
    provider: str
    model_id: str
    model: str
    package_version: str
    as_of: datetime

    @property
    def source(self) -> str:
        return f"{PACKAGE} {self.package_version}"


@dataclass(frozen=True, kw_only=True)
class TokenQuote(_Quote):
    """The price of one request."""

    uses: tuple[TokenUse, ...]

    @property
    def usd(self) -> Decimal:
        """Formula 9, of the request made once."""
        return sum((use.tokens * use.usd_per_million / TOKENS_PER_PRICE for use in self.uses), Decimal(0))


@dataclass(frozen=True, kw_only=True)
class AudioQuote(_Quote):
    """The price of an hour of audio, and what is billed at least."""

    hour_usd: Decimal
    billing: AudioBilling


def token_quote(*, provider: str, model: str, input_tokens: int, output_tokens: int, at_s: float) -> TokenQuote:
    """What one request of so many tokens costs at that time (Unix seconds; prices have histories).

    A model that only reads, as for embeddings, has no output tokens.
    """
    if input_tokens <= 0 or output_tokens < 0:
        raise CostError("cost_input", "A request needs at least one input token and no negative output.")
    return _token_quote(provider, model, input_tokens, output_tokens, _minute(at_s))


def audio_quote(*, provider: str, model: str, at_s: float) -> AudioQuote:
    """What an hour of audio costs at that time, and how much is billed at least."""
    return _audio_quote(provider, model, _minute(at_s))


def _minute(at_s: float) -> datetime:
    """Prices of one minute are one: a look-up costs 0.4 ms, and a page asks once per cell."""
    try:
        return datetime.fromtimestamp(at_s, tz=UTC).replace(second=0, microsecond=0)
    except (ValueError, OverflowError, OSError) as error:
        raise CostError("cost_input", f"{at_s} is not a time: no price can be looked up for it.") from error


@lru_cache(maxsize=256)
def _token_quote(provider: str, model: str, input_tokens: int, output_tokens: int, at: datetime) -> TokenQuote:
    found = _calculated(provider, model, {"input_tokens": input_tokens, "output_tokens": output_tokens}, at)
    if not found.total_price:
        raise _no_price(provider, model, "by the token")
    uses = [_use("input", input_tokens, found.input_price)]
    if output_tokens:
        uses.append(_use("output", output_tokens, found.output_price))
    return TokenQuote(
        provider_id=found.provider.id,
        provider=found.provider.name,
        model_id=found.model.id,
        model=found.model.name or found.model.id,
        uses=tuple(uses),
        package_version=version(PACKAGE),
        as_of=at,
    )


@lru_cache(maxsize=256)
def _audio_quote(provider: str, model: str, at: datetime) -> AudioQuote:
    hour, second = (
        _calculated(provider, model, {"audio_seconds": seconds, "input_audio_seconds": seconds}, at)
        for seconds in (int(AUDIO_HOUR_S), 1)
    )
    if not hour.total_price:
        raise _no_price(provider, model, "by the hour of audio")
    # The package applies a vendor's minimum (Groq's ten seconds) and names it nowhere: one second shows what it is.
    least_s = (second.total_price / hour.total_price * AUDIO_HOUR_S).quantize(Decimal("0.001")).normalize()
    return AudioQuote(
        provider_id=hour.provider.id,
        provider=hour.provider.name,
        model_id=hour.model.id,
        model=hour.model.name or hour.model.id,
        package_version=version(PACKAGE),
        as_of=at,
        hour_usd=hour.total_price,
        billing=AudioBilling(unit_s=float(AUDIO_HOUR_S), minimum_s=float(least_s) if least_s > 1 else 0.0),
    )


def _calculated(provider: str, model: str, used: Mapping[str, int], at: datetime) -> "PriceCalculation":
    try:
        from genai_prices import Usage, calc_price
    except ImportError as error:
        raise MissingPartError(
            "genai_prices_missing", "Token prices need genai-prices: install it with `pip install 'edgeprof[hub]'`."
        ) from error
    try:
        return calc_price(Usage(**used), model, provider_id=provider, genai_request_timestamp=at)
    except LookupError as error:
        raise _no_price(provider, model) from error


def _no_price(provider: str, model: str, by: str = "") -> CostError:
    what = f"has no price {by}".rstrip()
    return CostError("price_unknown", f"{PACKAGE} {version(PACKAGE)} {what} for the model {model!r} of {provider!r}.")


def _use(kind: str, tokens: int, usd: Decimal) -> TokenUse:
    """The effective price: with tiers by context length it holds for this number of tokens only."""
    return TokenUse(kind, Decimal(tokens), usd * TOKENS_PER_PRICE / tokens)
