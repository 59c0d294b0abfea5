"""What a hosted language model costs, from the genai-prices package: no network, prices dated, in Decimal."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from importlib.metadata import version

from edgeprof.errors import MissingPartError
from edgeprof_hub.compare.cost import CostError
from edgeprof_hub.compare.cost_cloud import TOKENS_PER_PRICE, TokenUse

PACKAGE = "genai-prices"


@dataclass(frozen=True, kw_only=True)
class TokenQuote:
    """The price of one request. The package dates no price: its version and the asked-for moment stand for that."""

    provider_id: str
    provider: str
    model_id: str
    model: str
    uses: tuple[TokenUse, ...]
    package_version: str
    as_of: datetime

    @property
    def source(self) -> str:
        return f"{PACKAGE} {self.package_version}"


def token_quote(*, provider: str, model: str, input_tokens: int, output_tokens: int, at_s: float) -> TokenQuote:
    """What one request of so many tokens costs at that time (Unix seconds; prices have histories)."""
    if input_tokens <= 0 or output_tokens <= 0:
        raise CostError(
            "cost_input", "A request to a language model has input and output tokens, at least one of each."
        )
    try:
        minute = datetime.fromtimestamp(at_s, tz=UTC).replace(second=0, microsecond=0)
    except (ValueError, OverflowError, OSError) as error:
        raise CostError("cost_input", f"{at_s} is no moment for which a price can be looked up.") from error
    return _quote(provider, model, input_tokens, output_tokens, minute)


@lru_cache(maxsize=256)
def _quote(provider: str, model: str, input_tokens: int, output_tokens: int, at: datetime) -> TokenQuote:
    """Prices of one minute are one: a look-up costs 0.4 ms, and a page asks once per cell."""
    try:
        from genai_prices import Usage, calc_price
    except ImportError as error:
        raise MissingPartError(
            "genai_prices_missing", "Token prices need genai-prices: install it with `pip install 'edgeprof[hub]'`."
        ) from error
    usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens)
    try:
        found = calc_price(usage, model, provider_id=provider, genai_request_timestamp=at)
    except LookupError as error:
        raise CostError(
            "price_unknown", f"{PACKAGE} {version(PACKAGE)} has no price for the model {model!r} of {provider!r}."
        ) from error
    return TokenQuote(
        provider_id=found.provider.id,
        provider=found.provider.name,
        model_id=found.model.id,
        model=found.model.name or found.model.id,
        uses=(
            _use("input", input_tokens, found.input_price),
            _use("output", output_tokens, found.output_price),
        ),
        package_version=version(PACKAGE),
        as_of=at,
    )


def _use(kind: str, tokens: int, usd: Decimal) -> TokenUse:
    """The effective price: with tiers by context length it holds for this number of tokens only."""
    return TokenUse(kind, Decimal(tokens), usd * TOKENS_PER_PRICE / tokens)
