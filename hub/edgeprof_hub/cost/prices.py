"""What a hosted model costs, by the token or by the hour of audio, from genai-prices: no network, in Decimal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

from edgeprof.errors import MissingPartError
from edgeprof_hub.cost.audio import AudioBilling
from edgeprof_hub.cost.catalogue.schema import AUDIO_UNITS_S
from edgeprof_hub.cost.checks import CostError

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

PACKAGE = "genai-prices"
AUDIO_HOUR_S = AUDIO_UNITS_S["audio hour"]
TOKENS_PER_PRICE = Decimal(1_000_000)
FREE_PROVIDER, FREE_SUFFIX = "openrouter", ":free"
"""https://openrouter.ai/docs/guides/routing/model-variants/free"""


class _Tokens(NamedTuple):
    """Tokens of one request. `cached` is a part of `read`; `reasoning` comes on top of `written`."""

    read: int
    cached: int
    written: int
    reasoning: int


@dataclass(frozen=True)
class TokenUse:
    """Tokens of one kind in one request, and their price."""

    kind: str
    tokens: Decimal
    usd_per_million: Decimal

    @property
    def usd(self) -> Decimal:
        return self.tokens * self.usd_per_million / TOKENS_PER_PRICE


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
        return sum((use.usd for use in self.uses), Decimal(0))


@dataclass(frozen=True, kw_only=True)
class AudioQuote(_Quote):
    """The price of an hour of audio, and what is billed at least."""

    hour_usd: Decimal
    billing: AudioBilling


def token_quote(
    *,
    provider: str,
    model: str,
    input_tokens: int,
    output_tokens: int,
    at_s: float,
    cached_tokens: int = 0,
    reasoning_tokens: int = 0,
) -> TokenQuote:
    """What one request of so many tokens costs at that time (Unix seconds; prices have histories).

    `cached_tokens` are a part of the input, billed at the cache's price where the model has one. `reasoning_tokens`
    are billed as output, on top of `output_tokens`. A model that only reads, as for embeddings, has no output tokens.
    A price of zero is a price; CostError `price_unknown` is for a model without one.

    Example: `token_quote(provider="openai", model="gpt-5-nano", input_tokens=500, output_tokens=300,
    reasoning_tokens=320, at_s=...)` is 273 µUSD; without the reasoning it is 145.
    """
    if input_tokens <= 0 or output_tokens < 0 or reasoning_tokens < 0:
        raise CostError("cost_input", "A request needs at least one input token and no negative output.")
    if not 0 <= cached_tokens <= input_tokens:
        raise CostError("cost_input", f"{cached_tokens} cached tokens are not a part of {input_tokens} input tokens.")
    tokens = _Tokens(input_tokens, cached_tokens, output_tokens, reasoning_tokens)
    return _token_quote(provider, model, tokens, _minute(at_s))


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
def _token_quote(provider: str, model: str, tokens: _Tokens, at: datetime) -> TokenQuote:
    used = {"input_tokens": tokens.read, "output_tokens": tokens.written + tokens.reasoning}
    found = _calculated(provider, model, used, at)
    if not (_is_priced(found, ("input_mtok", "output_mtok")) or _is_free(found)):
        raise _no_price(provider, model, "by the token")
    plain = tokens.read - tokens.cached
    uses = [_use("input", plain, found.input_price * plain / tokens.read)]
    if tokens.cached:
        with_cache = _calculated(provider, model, {**used, "cache_read_tokens": tokens.cached}, at)
        uses.append(_use("cached input", tokens.cached, with_cache.input_price - uses[0].usd))
    for kind, count in (("output", tokens.written), ("reasoning", tokens.reasoning)):
        if count:
            uses.append(_use(kind, count, found.output_price * count / used["output_tokens"]))
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
    if not hour.total_price and not _is_priced(hour, ("audio_hours", "input_audio_hours")):
        raise _no_price(provider, model, "by the hour of audio")
    # The package applies a vendor's minimum (Groq's ten seconds) and names it nowhere: one second shows what it is.
    share = second.total_price / hour.total_price if hour.total_price else Decimal(0)
    least_s = (share * AUDIO_HOUR_S).quantize(Decimal("0.001")).normalize()
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


def _is_priced(found: "PriceCalculation", names: Sequence[str]) -> bool:
    """Whether the package has a price of that kind, be it zero: a total of zero alone says nothing."""
    return any(getattr(found.model_price, name) is not None for name in names)


def _is_free(found: "PriceCalculation") -> bool:
    """OpenRouter's variants `:free` cost nothing, as its documentation says; the package lists them without a price."""
    return found.provider.id == FREE_PROVIDER and found.model.id.endswith(FREE_SUFFIX) and not found.total_price


def _no_price(provider: str, model: str, by: str = "") -> CostError:
    what = f"has no price {by}".rstrip()
    return CostError("price_unknown", f"{PACKAGE} {version(PACKAGE)} {what} for the model {model!r} of {provider!r}.")


def _use(kind: str, tokens: int, usd: Decimal) -> TokenUse:
    """The effective price: with tiers by context length it holds for this number of tokens only."""
    return TokenUse(kind, Decimal(tokens), usd * TOKENS_PER_PRICE / tokens if tokens else Decimal(0))
